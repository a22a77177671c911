#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=slow
#
# containerd alone, as ctr starts things: a container's name is its id.

load lib.bash
load engines_lib.bash

setup_file() {
	containerd_start
}

teardown_file() {
	world_stop
}

setup() {
	need_world
	one=$(random_name one) two=$(random_name two)
}

teardown() {
	end_background
	containerd_clean
}

# start ID OPTIONS… -- COMMAND…: a container whose root is busybox's folder.
start() {
	local id=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	ctr run -d --env PATH=/bin --rootfs ${options[@]+"${options[@]}"} "$WORLD_DIR/tree" "$id" "$@"
}

ctr_pid() {
	ctr task ls | awk -v id="$1" '$1 == id { print $2 }' | grep .
}

# cable PID ADDR PID ADDR: the two namespaces on one veth, as CNI would have made it.
cable() {
	ip link add eth0 netns "$1" type veth peer name eth0 netns "$3"
	for end in "$1 $2" "$3 $4"; do
		set -- $end
		in_container "$1" ip addr add "$2/24" dev eth0
		in_container "$1" ip link set lo up
		in_container "$1" ip link set eth0 up
	done
	wait_for 10 cable_up "$1"
}

# Until the carrier has been noticed, the device drops what is sent.
cable_up() {
	in_container "$1" ip -br link show eth0 | grep -q ' UP '
}

named() {
	echo "(.owner.container.runtime==\"containerd\" and .owner.container.id==\"$1\" and .owner.container.name==\"$1\")"
}

peer_named() {
	echo "(.peer.owner.container.runtime==\"containerd\" and .peer.owner.container.id==\"$1\")"
}

@test "two containers with namespaces of their own, on a cable" {
	start "$one" -- nc -ll -p 9000 -e cat
	start "$two" -- sleep 100
	cable "$(ctr_pid "$one")" 10.9.0.1 "$(ctr_pid "$two")" 10.9.0.2
	wait_for 10 serving "$(ctr_pid "$one")" 9000
	trace_start
	ctr task exec --exec-id e1 "$two" sh -c 'echo x | nc -w 2 10.9.0.1 9000'
	wait_for 10 saw_closes 1 "$one"
	wait_for 10 saw_closes 1 "$two"
	trace_stop
	expect 1 '.type=="connect" and '"$(named "$two") and $(peer_named "$one")"
	expect 1 '.type=="accept" and '"$(named "$one") and $(peer_named "$two")"
	expect 1 '.type=="close" and '"$(named "$one") and $(peer_named "$two")"
	expect 1 '.type=="close" and '"$(named "$two") and $(peer_named "$one")"
	[ "$(events ".conn and ($(named "$one") or $(named "$two"))" | jq -r .conn | sort -u | wc -l)" = 1 ]
}

@test "who and --container: by the id, and its beginning" {
	start "$one" -- nc -ll -p 9000 -e cat
	start "$two" -- sh -c 'sleep 2; { echo x; sleep 60; } | nc 10.9.0.1 9000'
	trace_start --container "${two:0:9}"
	cable "$(ctr_pid "$one")" 10.9.0.1 "$(ctr_pid "$two")" 10.9.0.2
	wait_for 10 talking "$(ctr_pid "$two")" 9000
	who "$one"
	trace_stop
	expect 1 '.type=="connect" and '"$(named "$two")"
	expect 0 '.type!="lost" and .owner.container.id!="'"$two"'" and .netns.container.id!="'"$two"'"'
	expect_rows 1 '.client.owner.container.name=="'"$two"'" and .server.owner.container.name=="'"$one"'"'
}

@test "--net-host: named by its cgroup, and the namespace is not the container's" {
	port=$((20000 + RANDOM % 10000))
	background "$FLOWNER_OUTSIDE" echo serve "$port"
	serve=$bg
	wait_for 20 own_listening "$port"
	trace_start
	start "$one" --net-host -- sh -c "echo x | nc -w 2 127.0.0.1 $port; sleep 100"
	[ "$(stat -Lc %i "/proc/$(ctr_pid "$one")/ns/net")" = "$(stat -Lc %i /proc/self/ns/net)" ]
	wait_for 10 saw_closes 1 "$one"
	trace_stop
	expect 1 '.type=="connect" and '"$(named "$one")"' and .netns.inode=='"$(stat -Lc %i /proc/self/ns/net)"' and .peer.owner.pid=='"$serve"
	expect 1 '.type=="accept" and .owner.pid=='"$serve and $(peer_named "$one")"' and (.owner|has("container")|not)'
	expect 0 '([.netns, .peer.netns] | any(.container.id=="'"$one"'"))'
}

own_listening() {
	[ -n "$(ss -Hltn "sport = :$1")" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=slow
#
#   client eth0 -- veth [podman… in machine] veth -- eth0 server
#
# Podman's containers and pods, as root, with netavark and runc.

load lib.bash
load flows_lib.bash
load engines_lib.bash

setup_file() {
	podman_start
}

teardown_file() {
	world_stop
}

setup() {
	need_world
	net=$(random_name pnet) server=$(random_name pserver) client=$(random_name pclient)
	podman network create --disable-dns "$net" >/dev/null
}

teardown() {
	end_background
	podman_clean
}

# serve NAME PORT OPTIONS…: a container that echoes on PORT.
serve() {
	podman run -d --name "$1" "${@:3}" bb nc -ll -p "$2" -e cat >/dev/null
	wait_for 20 serving "$(podman_pid "$1")" "$2"
}

# talk NAME ADDR OPTIONS…: a container with one connection to ADDR:9000, 1,000 bytes through it, that stays.
talk() {
	podman run -d --name "$1" "${@:3}" bb sh -c "{ head -c 1000 /dev/zero; sleep 60; } | nc $2 9000 >/dev/null" >/dev/null
	wait_for 20 talking "$(podman_pid "$1")" 9000
}

story() {
	serve "$server" 9000 --network "$net"
	ip=$(podman_ip "$server")
	talk "$client" "$ip" --network "$net"
	cid=$(podman_id "$client") sid=$(podman_id "$server")
}

@test "trace and who: both containers, as podman inspect has them, one id" {
	trace_start
	story
	who "$server"
	podman kill "$client" >/dev/null
	wait_for 20 saw_closes 1 "$sid"
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	expect 1 '.type=="listen" and .owner.container.runtime=="podman" and '"$(container "$server" "$sid")"
	expect 1 '.type=="connect" and '"$(from "$client" "$cid") and $(to "$server" "$sid")"
	expect 1 '.type=="accept" and '"$(from "$server" "$sid") and $(to "$client" "$cid")"
	expect 1 '.type=="close" and .tx_bytes==1000 and .rx_bytes==1000 and '"$(container "$client" "$cid")"
	expect 1 '.type=="connect" and .owner.container.image=="'"$(podman inspect -f '{{.ImageName}}' "$client")"'"'
	expect 4 '.conn and ([.owner, .peer.owner] | any(.container.id=="'"$cid"'" or .container.id=="'"$sid"'"))'
	conn=$(events ".conn and .owner.container.id==\"$sid\"" | jq -r .conn | sort -u)
	[ "$(wc -l <<<"$conn")" = 1 ]
	expect_rows 1 '.client and .server'
	expect_rows 1 ".conn==\"$conn\" and $(party client "$client" "$cid") and $(party server "$server" "$sid")"
}

@test "flows: the veth of each container and whose flows they are" {
	flows_start -i 1
	story
	wait_for 20 told '.conn and '"$(flow_from "$client" "$cid")"
	wait_for 20 told '.conn and '"$(flow_from "$server" "$sid")"
	flows_stop
	for which in client server; do
		pid=$(podman_pid "${!which}")
		veth=$(host_veth "$pid")
		inode=$(stat -Lc %i "/proc/$pid/ns/net")
		expect_flow 1 "$(flow_from "$client" "$cid") and $(flow_to "$server" "$sid")" "$veth" "$inode"
		expect_flow 1 "$(flow_from "$server" "$sid") and $(flow_to "$client" "$cid")" "$veth" "$inode"
	done
}

@test "a container that lives for a moment has its name" {
	serve "$server" 9000 --network "$net"
	ip=$(podman_ip "$server")
	sid=$(podman_id "$server")
	trace_start
	podman run --rm --cidfile "$BATS_TEST_TMPDIR/cid" --name "$client" --network "$net" bb sh -c "echo x | nc -w 2 $ip 9000 >/dev/null"
	cid=$(cat "$BATS_TEST_TMPDIR/cid")
	wait_for 20 saw_closes 1 "$sid"
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	expect 1 '.type=="connect" and '"$(from "$client" "$cid") and $(to "$server" "$sid")"
	expect 1 '.type=="close" and '"$(from "$client" "$cid") and $(to "$server" "$sid")"
}

@test "--container NAME: its own end, of a container that comes later" {
	serve "$server" 9000 --network "$net"
	ip=$(podman_ip "$server")
	trace_start --container "$client"
	talk "$client" "$ip" --network "$net"
	talk "$client-2" "$ip" --network "$net"
	cid=$(podman_id "$client")
	podman kill "$client" >/dev/null
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	expect 1 '.type=="connect" and '"$(container "$client" "$cid")"
	expect 1 '.type=="close" and '"$(container "$client" "$cid")"
	expect 0 '.type!="lost" and .owner.container.id!="'"$cid"'" and .netns.container.id!="'"$cid"'"'
}

@test "a pod: two containers in one namespace, each process in the right one, and the pod is told" {
	pod=$(random_name pod)
	podman pod create --name "$pod" --network "$net" --infra-image localhost/bb --infra-command "/bin/sleep 300" >/dev/null ||
		skip "no pods without an infra image of Podman's own"
	trace_start
	serve "$server" 9000 --pod "$pod"
	serve "$server-2" 9001 --pod "$pod"
	talk "$client" 127.0.0.1 --pod "$pod"
	who --listening "$server"
	trace_stop
	# Podman has the pod's name in a database only; its files have the id.
	pod_id=$(podman pod inspect -f '{{.Id}}' "$pod" | grep .)
	for c in "$server 9000" "$server-2 9001"; do
		read -r c port <<<"$c"
		expect 1 '.type=="listen" and .local.port=='"$port and $(container "$c" "$(podman_id "$c")")"' and (.owner.container.pod | strings | . as $p | $p=="'"$pod"'" or (length >= 12 and ("'"$pod_id"'" | startswith($p))))'
	done
	[ "$(stat -Lc %i "/proc/$(podman_pid "$server")/ns/net")" = "$(stat -Lc %i "/proc/$(podman_pid "$server-2")/ns/net")" ]
	expect 1 '.type=="connect" and '"$(from "$client" "$(podman_id "$client")") and $(to "$server" "$(podman_id "$server")")"
	expect 0 '.type=="connect" and .owner.container.name=="'"$server-2"'"'
}

@test "a published port, from the machine itself and from another machine" {
	serve "$server" 9000 --network "$net" -p 18080:9000
	sid=$(podman_id "$server")
	in_world ip netns add outside
	in_world ip link add ext0 type veth peer name eth0 netns outside
	in_world ip addr add 192.0.2.1/24 dev ext0
	in_world ip link set ext0 up
	in_world ip -n outside addr add 192.0.2.2/24 dev eth0
	in_world ip -n outside link set eth0 up
	in_world ip -n outside link set lo up
	wait_for 10 in_world ip netns exec outside timeout 2 nc -z 192.0.2.1 18080
	trace_start
	background nsenter --target "$WORLD" --mount --net -- ip netns exec outside "$FLOWNER_OUTSIDE" echo ping 192.0.2.1:18080 --hold 30
	far=$bg
	background nsenter --target "$WORLD" --mount --net -- "$FLOWNER_OUTSIDE" echo ping 192.0.2.1:18080 --hold 30
	near=$bg
	for pid in "$far" "$near"; do
		wait_for 20 seen '.type=="connect" and .owner.pid=='"$pid"
		wait_for 20 seen '.type=="accept" and .peer.owner.pid=='"$pid"
	done
	who "$server"
	stop "$far"
	stop "$near"
	trace_stop
	in_world ip link del ext0
	in_world ip netns del outside
	for pid in "$far" "$near"; do
		expect 1 '.type=="connect" and .remote.port==18080 and .owner.pid=='"$pid and $(to "$server" "$sid")"
		expect 1 '.type=="accept" and .local.port==9000 and .peer.owner.pid=='"$pid and $(container "$server" "$sid")"
		expect_rows 1 '.client.owner.pid=='"$pid and $(party server "$server" "$sid")"
	done
	expect_rows 2 '.client and .server'
}

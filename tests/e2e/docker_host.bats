#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=slow
#
# Containers in the machine's own network namespace: docker run --network host.

load lib.bash
load engines_lib.bash

setup_file() {
	docker_start host
}

teardown_file() {
	world_stop
}

setup() {
	need_world
	name=$(random_name hosted)
}

teardown() {
	end_background
	docker_clean
}

own_listening() {
	[ -n "$(ss -Hltn "sport = :$1")" ]
}

@test "--network host: the container is named by its cgroup, the namespace is nobody's" {
	port=$((20000 + RANDOM % 10000))
	background "$FLOWNER_OUTSIDE" echo serve "$port"
	serve=$bg
	wait_for 20 own_listening "$port"
	trace_start
	docker run -d --name "$name" --network host bb sh -c "echo x | nc -w 2 127.0.0.1 $port; sleep 100" >/dev/null
	id=$(docker_id "$name")
	[ "$(stat -Lc %i "/proc/$(docker_pid "$name")/ns/net")" = "$(stat -Lc %i /proc/self/ns/net)" ]
	wait_for 10 saw_closes 1 "$id"
	trace_stop
	expect 1 '.type=="connect" and .netns.inode=='"$(stat -Lc %i /proc/self/ns/net)"' and .peer.owner.pid=='"$serve and $(container "$name" "$id")"
	expect 1 '.type=="accept" and .owner.pid=='"$serve and $(to "$name" "$id")"' and (.owner|has("container")|not)'
	expect 1 '.type=="close" and '"$(container "$name" "$id")"
	expect 0 '([.netns, .peer.netns] | any(.container.id=="'"$id"'"))'
}

@test "--container with --network host: only what the container's own processes do" {
	port=$((20000 + RANDOM % 10000))
	background "$FLOWNER_OUTSIDE" echo serve "$port"
	wait_for 20 own_listening "$port"
	trace_start --container "$name"
	"$FLOWNER_OUTSIDE" echo ping "127.0.0.1:$port" >/dev/null
	docker run -d --name "$name" --network host bb sh -c "echo x | nc -w 2 127.0.0.1 $port; sleep 100" >/dev/null
	id=$(docker_id "$name")
	wait_for 10 saw_closes 1 "$id"
	trace_stop
	expect 1 '.type=="connect" and '"$(container "$name" "$id")"
	expect 1 '.type=="close" and '"$(container "$name" "$id")"
	expect 0 '.type!="lost" and .owner.container.id!="'"$id"'"'
}

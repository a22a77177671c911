#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1              10.9.0.2
#
# Processes and namespaces that change, end and vanish while they are looked at. hostile.py knows what is true.

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	client=$name-client server=$name-server
	out=$BATS_TEST_TMPDIR/out
}

teardown() {
	touch "$BATS_TEST_TMPDIR/enough"
	[ -z "${churn:-}" ] || wait "$churn" || true
	end_background
	remove_netns
	local i
	for i in 1 2 3; do
		ip netns del "$name-x$i" 2>/dev/null || true
	done
}

@test "a process that changes its name: the owner is who it was at its connect, in every event" {
	pair "$name"
	serve_in "$server" 9000
	trace_start --netns "$client"
	hostile_in "$client" rename 10.9.0.2 9000
	trace_stop
	json_lines "$trace_out"
	tame "$trace_out"
	want() { jq -r '"\(.port) \(.pid) \(.hex)"' "$truth" | sort; }
	[ "$(want | wc -l)" = 20 ]
	for type in connect close; do
		diff <(want) <(events '.type=="'$type'" and .role=="client"' | the_text local.port owner.pid owner.comm | sort) >&2
	done
}

@test "a process that executes another program: one pid, and the name that it had" {
	pair "$name"
	serve_in "$server" 9000
	trace_start --netns "$client" --netns "$server"
	hostile_in "$client" exec 10.9.0.2 9000
	wait_for 10 seen '.type=="close"'
	trace_stop
	pid=$(jq .pid "$truth") port=$(jq .port "$truth")
	expect 1 '.type=="connect" and .local.port=='"$port"' and .owner.pid=='"$pid"' and .owner.comm=="before"'
	expect 1 '.type=="close" and .role=="client" and .local.port=='"$port"' and .owner.pid=='"$pid"
	expect 1 '.type=="accept" and .peer.owner.pid=='"$pid"
}

@test "processes that end at once: each connection has the one that made it, none is anybody else's" {
	pair "$name"
	serve_in "$server" 9000
	trace_start --netns "$client" --netns "$server"
	hostile_in "$client" gone 10.9.0.2 9000 100
	trace_stop
	want() { jq -r '"\(.port) \(.pid)"' "$truth" | sort; }
	diff <(want) <(events '.type=="connect"' | jq -r '"\(.local.port) \(.owner.pid)"' | sort) >&2
	diff <(want) <(events '.type=="close" and .role=="client"' | jq -r '"\(.local.port) \(.owner.pid)"' | sort) >&2
	diff <(want) <(events '.type=="accept"' | jq -r '"\(.remote.port) \(.peer.owner.pid)"' | sort) >&2
}

@test "a first thread that has ended while another goes on: the namespace and its sockets are found" {
	hold "" leader 127.0.0.1 7777
	line=$(grep -v ready "$truth")
	pid=$(jq .pid <<<"$line") inode=$(jq .inode <<<"$line") port=$(jq .port <<<"$line")
	# The witness: the first thread is a zombie, and its namespace is to be seen at the other only.
	grep -q '^State:.Z' "/proc/$pid/status"
	refute stat -L "/proc/$pid/ns/net" 2>/dev/null
	[ "$(stat -Lc %i "/proc/$pid/task/$(jq .tid <<<"$line")/ns/net")" = "$inode" ]

	"$FLOWNER" map -o json >"$out"
	[ "$(jq -c "select(.netns.inode == $inode) | [.processes, .process.pid, (.links | length > 0)]" "$out")" = "[1,$pid,true]" ]
	for spec in "$inode" "pid:$pid"; do
		"$FLOWNER" who --netns "$spec" -o json >"$out"
		[ "$(jq -c "[.client.local.port, .client.owner.pid, .server.owner.pid]" "$out")" = "[$port,$pid,$pid]" ]
		"$FLOWNER" who --netns "$spec" --listening -o json >"$out"
		[ "$(jq -c '[.local.port, .owner.pid]' "$out")" = "[7777,$pid]" ]
	done
	flows_start --netns "pid:$pid" --dev lo --both-ends
	flows_stop
	capture_start --netns "pid:$pid"
	grep -q 'capturing on 1 link' "$cap_err"
	capture_stop
	let_go
}

@test "another namespace between socket() and connect(): the connection is where its socket is" {
	pair "$name"
	serve_in "$server" 9000
	trace_start --netns "$client" --netns "$server"
	hostile_in "$client" between "$server" 10.9.0.2 9000
	trace_stop
	[ "$(wc -l <"$truth")" = 2 ]
	while read -r port pid socket process; do
		[ "$socket" != "$process" ]
		for type in connect close; do
			expect 1 '.type=="'$type'" and .role=="client" and .local.port=='"$port"' and .owner.pid=='"$pid"' and .netns.inode=='"$socket"
		done
		expect 1 '.type=="accept" and .remote.port=='"$port"' and .peer.netns.inode=='"$socket"' and .peer.owner.pid=='"$pid"
		expect 0 '.local.port=='"$port"' and .netns.inode=='"$process"
	done < <(jq -r '"\(.port) \(.pid) \(.socket) \(.process)"' "$truth")
}

@test "a storm of processes that come and go: who and map see what stays, again and again" {
	pair "$name"
	serve_in "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 5 -c 5 --hold 300 >/dev/null
	here() { [ "$(in_ns "$client" ss -Htn state established | wc -l)" = 5 ]; }
	wait_for 20 here
	pid=$bg
	(while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do python3 "$hostile" storm 400; done) 3>&- &
	churn=$!
	for _ in $(seq 15); do
		run -0 --separate-stderr timeout 30 "$FLOWNER" who --netns "$client" -o json
		[ -z "$stderr" ]
		[ "$(jq -c '[.client.owner.pid, .server.owner.comm]' <<<"$output" | sort | uniq -c | awk '{$1=$1};1')" = "5 [$pid,\"flowner\"]" ]
		run -0 --separate-stderr timeout 30 "$FLOWNER" map -o json
		[ -z "$stderr" ]
		[ "$(jq -c 'select(.netns.name == "'"$client"'") | [.processes, .process.pid]' <<<"$output")" = "[1,$pid]" ]
	done
}

# bats test_tags=slow
@test "namespaces that vanish while they are looked at: nothing is said of them, and none is kept alive" {
	pair "$name"
	serve_in "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 300 >/dev/null
	trace_start --netns "$client"
	flows_start --netns "$client" --netns "$server"
	capture_start 'udp port 1'
	(
		set +e
		while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
			for i in 1 2 3; do ip netns add "$name-x$i"; done
			ip link add a netns "$name-x1" type veth peer name b netns "$name-x2"
			ip link add "c$RANDOM" netns "$server" type veth peer name c netns "$name-x3"
			ip -n "$name-x1" link set a up
			ip -n "$name-x2" link set b up
			ip netns exec "$name-x3" true
			for i in 1 2 3; do ip netns del "$name-x$i"; done
		done 2>/dev/null
	) 3>&- &
	churn=$!
	for _ in $(seq 30); do
		run -0 --separate-stderr timeout 30 "$FLOWNER" who --netns "$client" -o json
		[ -z "$stderr" ]
		[ "$(jq -c '[.client.netns.name, .server.netns.name, .state]' <<<"$output" | sort -u)" = "[\"$client\",\"$server\",null]" ]
		run -0 --separate-stderr timeout 30 "$FLOWNER" map -o json --routes --neigh --fdb
		[ -z "$stderr" ]
		[ "$(jq -c 'select(.netns.name == "'"$client"'") | [.links[] | [.name, .peer.netns.name]]' <<<"$output")" = '[["lo",null],["eth0","'"$server"'"]]' ]
	done
	touch "$BATS_TEST_TMPDIR/enough"
	wait "$churn" || true
	churn=
	in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 3 >/dev/null
	# When a namespace ends so do its devices, and with them the other ends of its pairs: none is kept alive. The kernel is
	# the witness, while the tracers run on.
	gone() { ! ls /run/netns | grep -q "^$name-x" && [ "$(ip -n "$server" -o link show | wc -l)" = 2 ]; }
	wait_for 20 gone
	[ "$("$FLOWNER" map -o json | jq -c 'select(.netns.name // "" | startswith("'"$name-x"'"))' | wc -l)" = 0 ]
	trace_stop
	flows_stop
	capture_stop
	expect 3 '.type=="connect" and .netns.name=="'"$client"'"'
	# Of the vanished it may be said that they could not be watched, never that something is wrong.
	refute grep -vE '^flowner: (capturing|[0-9]+ packets shown)' "$cap_err"
	no_sanitizer "$trace_err" "$flows_err" "$cap_err"
}

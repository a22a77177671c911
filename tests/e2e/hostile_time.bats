#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server      nothing else passes: no IPv6, no ARP
#   10.9.0.1              10.9.0.2
#
# Time that is taken away, and time that goes back: stopped for ten seconds under load, then every record is either seen or counted
# as lost; a wall clock that is set while it runs.

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	pair "$name"
	client=$name-client server=$name-server
	out=$BATS_TEST_TMPDIR/out stopped=
	for ns in "$client" "$server"; do
		in_ns "$ns" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
		in_ns "$ns" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	done
	mac() { ip -n "$1" -j link show eth0 | jq -r '.[0].address'; }
	ip -n "$client" neigh replace 10.9.0.2 lladdr "$(mac "$server")" dev eth0 nud permanent
	ip -n "$server" neigh replace 10.9.0.1 lladdr "$(mac "$client")" dev eth0 nud permanent
	in_ns "$server" nft -f - <<<'table inet t { chain o { type filter hook output priority 0; meta l4proto icmp drop; }; }'
}

teardown() {
	[ -z "$stopped" ] || kill -CONT "$stopped" 2>/dev/null || true
	end_background
	remove_netns
}

# stopped_for_ten_seconds PID COMMAND…: PID stands still, COMMAND runs meanwhile, at least so long.
stopped_for_ten_seconds() {
	local begin=$SECONDS
	stopped=$1
	kill -STOP "$1"
	"${@:2}"
	# It is this time that is tested.
	sleep $((begin + 11 > SECONDS ? begin + 11 - SECONDS : 0))
	kill -CONT "$1"
	stopped=
}

# passed NETNS: the packets that its eth0 has seen, by the device's own counters.
passed() {
	ip -n "$1" -s -j link show eth0 | jq '.[0].stats64 | .rx.packets + .tx.packets'
}

# made N [ARGS…]: so many connections, by the load's own count.
made() {
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n "$1" -c 8 -o json "${@:2}" >"$out.load"
	[ "$(jq .ok "$out.load")" = "$1" ]
}

# bats test_tags=slow
@test "trace, stopped for 10 s under load: seen and lost is what was made, to the record, and it goes on" {
	serve_in "$server" 9000
	trace_start --netns "$client" --netns "$server" --ring-size 64K --strict
	stopped_for_ten_seconds "$tracer" made 4000 --rate 500
	made 50
	trace_stop 5
	json_lines "$trace_out"
	read -r records lost < <(sed -n 's/.* \([0-9]*\) records seen, \([0-9]*\) lost.*/\1 \2/p' "$trace_err")
	# Six records a connection: SYN_SENT, ESTABLISHED twice, accept, CLOSE twice.
	[ $((records + lost)) = $((4050 * 6)) ] || { cat "$trace_err" >&2; false; }
	[ "$lost" -gt 10000 ]
	[ "$(events '.type=="lost"' | jq -s 'map(.count)|add')" = "$lost" ]
	# What came after is whole.
	[ "$(jq -c '.local_ports[]' "$out.load" | sort)" = "$(events '.type=="connect"' | jq .local.port | tail -n 50 | sort)" ]
	jq -r .time "$trace_out" | sort -c
}

# bats test_tags=slow
@test "capture, stopped for 10 s under load: written and lost is what matched is what passed" {
	file=$BATS_TEST_TMPDIR/file.pcapng
	before=$(passed "$server")
	capture_start --netns "$server" --ring-size 64K --strict -w "$file"
	stopped_for_ten_seconds "$cap" in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp 10.9.0.2 9 100 20000
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp 10.9.0.2 9 100 10
	capture_stop 5
	n=$(($(passed "$server") - before))
	[ "$n" -ge 20010 ]
	[ "$(summary matched)" = "$n" ]
	[ "$(summary lost)" -gt 15000 ]
	[ $(($(summary written) + $(summary lost))) = "$n" ]
	readable "$file"
	[ "$(count_in "$file")" = "$(summary written)" ]
	[ "$(statistic 4 "$file")" = "$(summary lost)" ]
}

# bats test_tags=slow
@test "flows, with a map of 64 entries, stopped for 10 s under load: counted and lost is what passed" {
	before=$(passed "$client")
	flows_start --netns "$client" --map-size 64 --ring-size 4K --strict
	stopped_for_ten_seconds "$flows" in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp-grid 10.9.0.1 10.9.0.2 1000 10000
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp 10.9.0.2 9 100 10
	flows_stop 5
	json_lines "$flows_out"
	n=$(($(passed "$client") - before))
	[ "$n" -ge 20010 ]
	lost=$(sed -nE 's/.*, ([0-9]+) packets lost, .*/\1/p' "$flows_err")
	[ "$lost" -gt 10000 ]
	[ $(($(sum packets true) + lost)) = "$n" ]
	[ "$(sum packets '.dst.port==9')" = 10 ]
}

@test "a wall clock that is set four times a second, by an hour: times in order, durations as they were" {
	clock=${FLOWNER%/*}/tests/preload/clock_steps.so
	[ -e "$clock" ] || skip "no $clock: make it (make ASAN=1 build-asan/tests)"
	# The sanitizer's library has to be the first.
	preload="$(ldd "$FLOWNER" | awk '/libasan/ { print $3 }') $clock"
	# It does step: date is the witness.
	[ "$(for _ in 1 2 3 4 5 6 7 8 9; do LD_PRELOAD=$clock date +%H; sleep 0.1; done | sort -u | wc -l)" -ge 2 ]
	serve_in "$server" 9000
	file=$BATS_TEST_TMPDIR/file.pcapng
	background env LD_PRELOAD="$preload" "$FLOWNER" trace --netns "$client" -o json >"$out.trace" 2>"$out.trace.err"
	trace=$bg
	background env LD_PRELOAD="$preload" "$FLOWNER" flows --netns "$client" -o json -i 0.2 -d 4 >"$out.flows" 2>"$out.flows.err"
	flows=$bg
	background env LD_PRELOAD="$preload" "$FLOWNER" capture --netns "$client" -w "$file" >"$out.capture" 2>"$out.capture.err"
	cap=$bg
	wait_for 30 grep -q tracing "$out.trace.err"
	wait_for 30 grep -q watching "$out.flows.err"
	wait_for 30 grep -q capturing "$out.capture.err"
	SECONDS=0
	made 6 --rate 3 --hold 0.6
	wait "$flows"
	[ "$SECONDS" -le 15 ]
	stop "$trace"
	stop "$cap"
	trace_out=$out.trace
	json_lines "$out.trace" "$out.flows"
	expect 6 '.type=="connect"'
	jq -r .time "$out.trace" | sort -c
	readable "$file"
	# From the connect to its close as long as the close says, and as the load held it: no hour more or less.
	jq -s -e 'def at: .time | (sub("\\.[0-9]+Z$"; "Z") | fromdate) + (capture("(?<f>\\.[0-9]+)Z$").f | "0\(.)" | tonumber);
		group_by(.conn) | length == 6 and all(
			(map(select(.type == "connect"))[0]) as $c | (map(select(.type == "close"))[0]) as $e |
			(($e | at) - ($c | at)) as $d | $d >= 0.59 and $d < 10 and ($e.duration_us / 1e6 - $d | fabs) < 0.1)' "$out.trace" >/dev/null
	jq -s -e 'all(.first <= .last and .last <= .time)' "$out.flows" >/dev/null
	jq -r .time "$out.flows" | sort -c
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=slow
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1              10.9.0.2
#
# More than flowner can take, for want of room, of CPU, or of somebody who reads: what was seen and what was lost is what was
# made, as the kernel's own counters have it; its memory stays within the limits that the man page states; and the traffic is
# none the worse for it.

load lib.bash
load flows_lib.bash
load overload_lib.bash

# The man page's LIMITS, in KiB: the process itself, and its rings, which are mapped twice.
BASE=24576
rings() {
	echo $((2 * $1))
}

setup() {
	plain_build
	name=$(random_name v)
	pair "$name"
	client=$name-client server=$name-server
	quiet_pair
	# A datagram for nobody is answered with nothing: else the socket's next one would fail.
	in_ns "$server" nft -f - <<<'table inet t { chain o { type filter hook output priority 0; meta l4proto icmp drop; }; }'
}

teardown() {
	[ -z "${stopped:-}" ] || kill -CONT "$stopped" 2>/dev/null || true
	end_background
	remove_netns
}

# said WHAT FILE: the number before it, of what flowner said on stderr; 0 if it said nothing of the kind.
said() {
	local n
	n=$(grep -oE "[0-9]+ $1" "$2" | head -n1)
	echo "${n%% *}" | sed 's/^$/0/'
}

# starved BINARY ARGS…: flowner behind everything else that wants a CPU.
starved() {
	background nice -n 19 "$@"
}

@test "trace: a storm of connections, a ring of 64 KiB, no CPU to spare: seen and lost are what was made" {
	local records lost skipped again made out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err n=6000
	serve
	starved "$FLOWNER" trace -o json --netns "$client" --netns "$server" --ring-size 64K >"$out" 2>"$err"
	tracer=$bg
	wait_for 60 grep -q '^flowner: tracing' "$err"
	hogs
	storm $n --size 1000
	again=$(extra)
	stop "$tracer"
	cat "$err"
	records=$(said 'records seen' "$err") lost=$(said lost "$err")
	skipped=$(said 'times the kernel did not call' "$err")
	# Six a connection: SYN_SENT, ESTABLISHED twice, accept, CLOSE twice; besides, what went wrong on the way. Some kernels
	# keep BPF programs from what interrupts pid 1, and count that nowhere: sockets that came to accept(2) without a cookie
	# tell of it.
	skipped=$((skipped + $(said 'sockets were not tracked' "$err")))
	made=$((6 * n))
	echo "made $made, seen $records, lost $lost, skipped $skipped, trouble at most $again"
	[ "$lost" -gt 0 ]
	[ $((records + lost)) -le $((made + again)) ]
	[ $((records + lost + $skipped)) -ge "$made" ]
	# The stream has as many of them, and tells of each gap.
	[ "$(jq -s 'map(select(.type == "lost").count) | add' "$out")" = "$lost" ]
	# What there is of an event is right: an end of a connection between these two, by our programs.
	[ "$(jq -c 'select(.type != "lost" and ((.netns.name != "'"$client"'" and .netns.name != "'"$server"'")
		or (.owner.comm and .owner.comm != "flowner")))' "$out" | wc -l)" = 0 ]
}

@test "flows: a storm of packets and flows, a map of 64 entries, a ring of 64 KiB: counted and lost are what the device had" {
	local before after sent counted lost err rx
	serve
	flows_out=$BATS_TEST_TMPDIR/flows flows_err=$BATS_TEST_TMPDIR/flows-err
	starved "$FLOWNER" -v flows -o json --netns "$client" --dev eth0 --map-size 64 --ring-size 64K >"$flows_out" 2>"$flows_err"
	flows=$bg
	wait_for 60 grep -q '^flowner: watching 1 link' "$flows_err"
	before=$(carried "$client") rx=$(device "$server" rx_packets)
	hogs
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp-grid 10.9.0.1 10.9.0.2 20000 60000
	# Whatever flowner missed has arrived.
	[ $(($(device "$server" rx_packets) - rx)) = 120000 ]
	storm 1000
	sent=$(($(carried "$client") - before))
	flows_stop
	cat "$flows_err" | tail -n 5
	counted=$(said 'packets, [0-9]+ bytes counted' "$flows_err") lost=$(said 'packets lost' "$flows_err")
	echo "device: $sent, counted $counted, lost $lost"
	[ "$lost" -gt 0 ]
	[ $((counted + lost)) = "$sent" ]
	# Each of those counted is in a flow.
	[ "$(sum packets true)" = "$counted" ]
}

@test "capture: the same, into a file; each packet whole" {
	local before sent written matched lost err=$BATS_TEST_TMPDIR/err file=$BATS_TEST_TMPDIR/packets rx
	serve
	starved "$FLOWNER" capture --netns "$client" --dev eth0 --ring-size 64K -w "$file" 2>"$err"
	wait_for 60 grep -q '^flowner: capturing on 1 link' "$err"
	capture=$bg
	before=$(carried "$client") rx=$(device "$server" rx_packets)
	hogs
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp 10.9.0.2 9 1000 60000
	[ $(($(device "$server" rx_packets) - rx)) = 60000 ]
	storm 1000 --size 100000
	sent=$(($(carried "$client") - before))
	stop "$capture"
	cat "$err"
	written=$(said 'packets written' "$err") matched=$(said matched "$err") lost=$(said lost "$err")
	echo "device: $sent, written $written, lost $lost"
	[ "$lost" -gt 0 ]
	[ "$matched" = "$sent" ]
	[ $((written + lost)) = "$matched" ]
	[ "$(capinfos -M -c "$file" | sed -n 's/^Number of packets: *//p')" = "$written" ]
	# None is a mixture of others: each UDP datagram has its length and its bytes.
	[ "$(tcpdump -nr "$file" 'udp port 9 and not (ip[2:2] = 1028 and udp[4:2] = 1008 and udp[8:4] = 0x78787878 and udp[1004:4] = 0x78787878)' 2>/dev/null | wc -l)" = 0 ]
}

@test "memory of trace: 512 bytes a socket, and none of those that have gone" {
	local n=8000 out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err first held
	serve
	background "$plain" trace -o json --netns "$client" --netns "$server" --ring-size 64K >"$out" 2>"$err"
	tracer=$bg
	wait_for 60 grep -q '^flowner: tracing' "$err"
	first=$(memory "$tracer" VmRSS)
	storm 20000
	background in_ns "$client" "$plain" echo ping 10.9.0.2:9000 -n $n -c 1000 --hold 100 --rate 8000 -o json
	pid=$bg
	wait_for 60 sh -c "[ \$(ip netns exec $client ss -Htn state established | wc -l) = 1000 ]"
	held=$(memory "$tracer" VmRSS)
	echo "before $first KiB, with 2,000 sockets $held KiB"
	# 20,000 connections, two sockets each, are a second behind at most: of each the limit has room for half a KiB.
	within "$tracer" $((BASE + $(rings 64) + 512 * 2 * 20000 / 1024))
	stop "$pid" || true
	stop "$tracer"
}

@test "memory of flows: 1 KiB a flow, for --max-flows; of 100,000 flows only 2,000 are kept" {
	flows_out=/dev/null flows_err=$BATS_TEST_TMPDIR/flows-err
	background "$plain" -v flows -o json --netns "$client" --dev eth0 --max-flows 2000 --map-size 20000 --ring-size 64K >/dev/null 2>"$flows_err"
	flows=$bg
	wait_for 60 grep -q '^flowner: watching 1 link' "$flows_err"
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp-grid 10.9.0.1 10.9.0.2 20000 100000
	within "$flows" $((BASE + $(rings 128) + 2000))
	flows_stop
	grep -q 'summed up as "rest"' "$flows_err"
}

@test "memory of capture: what nobody takes stays in the ring, the rest is counted as lost, and the reader gets what there is" {
	local written matched lost err=$BATS_TEST_TMPDIR/err pipe=$BATS_TEST_TMPDIR/pipe file=$BATS_TEST_TMPDIR/packets
	mkfifo "$pipe"
	# A reader that takes 64 KiB twenty times a second, until it is told to hurry.
	background python3 -c '
import os, sys, time
with open(sys.argv[1], "rb", buffering=0) as pipe, open(sys.argv[2], "wb") as out:
    while data := pipe.read(65536):
        out.write(data)
        if not os.path.exists(sys.argv[3]):
            time.sleep(0.05)' "$pipe" "$file" "$BATS_TEST_TMPDIR/hurry"
	reader=$bg
	background "$plain" capture --netns "$client" --dev eth0 --ring-size 256K -w "$pipe" 2>"$err"
	capture=$bg
	wait_for 60 grep -q '^flowner: capturing on 1 link' "$err"
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp 10.9.0.2 9 1400 150000
	# 8 MiB: the ring of the sockets.
	within "$capture" $((BASE + $(rings 256) + $(rings 8192) + 256))
	touch "$BATS_TEST_TMPDIR/hurry"
	stop "$capture"
	wait "$reader"
	cat "$err"
	written=$(said 'packets written' "$err") matched=$(said matched "$err") lost=$(said lost "$err")
	[ "$matched" = 150000 ]
	[ "$lost" -gt 0 ]
	[ $((written + lost)) = "$matched" ]
	[ "$(capinfos -M -c "$file" | sed -n 's/^Number of packets: *//p')" = "$written" ]
}

@test "a reader of trace that is slow: no memory, exact losses, whole lines" {
	local records lost out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err n=6000
	serve
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	background python3 -c '
import os, sys, time
with open(sys.argv[1], "rb", buffering=0) as pipe, open(sys.argv[2], "wb") as out:
    while data := pipe.read(4096):
        out.write(data)
        if not os.path.exists(sys.argv[3]):
            time.sleep(0.02)' "$BATS_TEST_TMPDIR/pipe" "$out" "$BATS_TEST_TMPDIR/hurry"
	reader=$bg
	background "$plain" trace -o json --netns "$client" --netns "$server" --ring-size 64K >"$BATS_TEST_TMPDIR/pipe" 2>"$err"
	tracer=$bg
	wait_for 60 grep -q '^flowner: tracing' "$err"
	storm $n
	within "$tracer" $((BASE + $(rings 64) + 512 * 2 * 1000 / 1024))
	touch "$BATS_TEST_TMPDIR/hurry"
	stop "$tracer"
	wait "$reader"
	cat "$err"
	records=$(said 'records seen' "$err") lost=$(said lost "$err")
	skipped=$(said 'times the kernel did not call' "$err")
	echo "seen $records, lost $lost, skipped $skipped"
	[ "$lost" -gt 0 ]
	[ $((records + lost)) -le $((6 * n + $(extra))) ]
	[ $((records + lost + $skipped)) -ge $((6 * n)) ]
	[ "$(jq -s 'map(select(.type == "lost").count) | add' "$out")" = "$lost" ]
}

@test "who, again and again beside a storm: no connection fails, nobody's server comes to harm" {
	local end pids=()
	background in_ns "$server" "$FLOWNER" echo serve 9000
	serve=$bg
	wait_for 20 listening "$server" 9000
	# A file that is looked at outlives its close(2) for a moment: whoever relied on that to leave epoll's set, as this
	# server did, is told of a client that is no more.
	for _ in 1 2 3; do
		background sh -c 'while :; do "$0" who --netns "$1" >/dev/null 2>&1; done' "$plain" "$server"
		pids+=("$bg")
	done
	end=$((SECONDS + 10))
	while ((SECONDS < end)); do
		storm 1000
	done
	kill "${pids[@]}"
	stop "$serve"
}

# ended_soon PID STATUS: it ends within five seconds of SIGTERM.
ended_soon() {
	local status=0 began=$EPOCHREALTIME
	kill -TERM "$1"
	wait_for 5 refute kill -0 "$1" 2>/dev/null
	wait "$1" || status=$?
	echo "ended with $status after $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms"
	[ "$status" = "$2" ]
}

@test "nobody reads: SIGTERM ends it all the same, soon" {
	local err=$BATS_TEST_TMPDIR/err pipe=$BATS_TEST_TMPDIR/pipe
	serve
	mkfifo "$pipe"
	# Nobody has even opened it.
	background "$FLOWNER" capture --netns "$client" -w "$pipe" 2>"$err"
	wait_for 60 is_set_up "$bg"
	ended_soon "$bg" 1
	grep -q "cannot write to $pipe: nobody reads it" "$err"

	# Somebody has, and does not read: flowner is in the middle of a packet then.
	exec 7<>"$pipe"
	background "$FLOWNER" capture --netns "$client" -w "$pipe" 2>"$err" 7<&-
	capture=$bg
	wait_for 60 grep -q '^flowner: capturing' "$err"
	in_ns "$client" "$BATS_TEST_DIRNAME/traffic.py" udp 10.9.0.2 9 1400 200
	wait_for 20 full 7
	ended_soon "$capture" 1
	grep -q "writing to $pipe: nobody reads it" "$err"
	exec 7<&-

	for command in trace flows; do
		rm "$pipe"
		mkfifo "$pipe"
		exec 7<>"$pipe"
		background "$FLOWNER" $command -o json --netns "$client" $([ $command = trace ] || echo -i 0.1) >"$pipe" 2>"$err" 7<&-
		pid=$bg
		wait_for 60 grep -q 'Ctrl-C ends it' "$err"
		storm 300
		wait_for 20 full 7
		ended_soon "$pid" 1
		grep -q 'nobody reads it' "$err"
		exec 7<&-
	done
}

# is_set_up PID: it blocks SIGINT and SIGTERM, and has its BPF links.
is_set_up() {
	grep -q '^SigBlk:.*4002$' "/proc/$1/status" && grep -q '^link_id' /proc/"$1"/fdinfo/*
}

# full FD: that pipe has no room for a page.
full() {
	python3 -c '
import array, fcntl, sys, termios
n = array.array("i", [0])
fcntl.ioctl(int(sys.argv[1]), termios.FIONREAD, n)
sys.exit(n[0] < 50000)' "$1"
}

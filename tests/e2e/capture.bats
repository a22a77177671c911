#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1 fd09::1      10.9.0.2 fd09::2
#
# `flowner capture` has, byte for byte, what `tcpdump -w` has of the same end of a veth pair; its lines; what of it is wanted.

load lib.bash
load capture_lib.bash

setup() {
	name=$(random_name c)
	pair "$name"
	client=$name-client server=$name-server
	traffic=$BATS_TEST_DIRNAME/traffic.py
	file=$BATS_TEST_TMPDIR/f.pcapng
}

teardown() {
	end_background
	remove_netns
}

bulk() {
	background in_ns "$server" iperf3 -s -1 -p 5201
	wait_for 20 listening "$server" 5201
	in_ns "$client" iperf3 -c "$1" -p 5201 "${@:2}" >/dev/null
}

raw() { # NETNS HEX COUNT
	in_ns "$1" "$traffic" raw eth0 "$2" "$3"
}

udp_echo() {
	background in_ns "$server" "$traffic" udp-echo "$1"
	wait_for 10 sh -c "ip netns exec $server ss -Hlun 'sport = :$1' | grep -q ."
}

# Frames of 14 to 60 bytes, tags, tags in tags, ARP, and what no protocol is.
odd_frames() {
	local ns len
	for ns in "$client" "$server"; do
		for len in 0 1 2 6 46; do
			raw "$ns" "ffffffffffff02000000000188b5$(printf 'ab%.0s' $(seq 1 $len) | head -c $((2 * len)))" 3
		done
		raw "$ns" "ffffffffffff0200000000018100600588b5$(printf 'cd%.0s' {1..100})" 5
		raw "$ns" "ffffffffffff02000000000188a8006481000005$(printf '88b5%.0s' {1..30})" 5
		raw "$ns" "ffffffffffff020000000001810000070806000108000604000102000000000a0a090001$(printf '00%.0s' {1..6})0a090002" 2
		raw "$ns" "ffffffffffff0200000000010026$(printf '42%.0s' {1..38})" 2
	done
}

everything() {
	local addr
	udp_echo 7000
	bulk 10.9.0.2 -n 4M
	bulk fd09::2 -n 4M -R
	for addr in 10.9.0.2 fd09::2; do
		in_ns "$client" "$traffic" udp $addr 7000 1 20
		in_ns "$client" "$traffic" udp $addr 7000 5000 20
		in_ns "$client" "$traffic" udp $addr 7000 60000 2
		in_ns "$client" "$traffic" icmp $addr 56 5
		in_ns "$client" "$traffic" icmp $addr 4000 5
	done
	ip -n "$client" neigh flush dev eth0
	in_ns "$client" "$traffic" icmp 10.9.0.2 0 1
	odd_frames
}

@test "all kinds of packets: byte for byte what tcpdump has, GSO, fragments, VLAN tags and tiny ones too" {
	both_start "$file" 262144
	everything
	both_stop
	same_packets 500
	# There were packets larger than the MTU, and every kind of the odd ones.
	[ "$(awk '$3 > 20000' "$BATS_TEST_TMPDIR/captured" | wc -l)" -ge 20 ]
	[ "$(awk '$3 == 14' "$BATS_TEST_TMPDIR/captured" | wc -l)" = 6 ]
	[ "$(count_in "$file" vlan 5)" = 10 ]
	readable "$file"
}

@test "the first 64 bytes of them: captured and true lengths as tcpdump's" {
	both_start "$file" 64
	everything
	both_stop
	same_packets 500
	[ "$(awk '$2 > 64' "$BATS_TEST_TMPDIR/captured" | wc -l)" = 0 ]
	[ "$(awk '$2 == 64 && $3 > 20000' "$BATS_TEST_TMPDIR/captured" | wc -l)" -ge 20 ]
}

@test "the same through a clsact qdisc" {
	both_start "$file" 262144 --disable-feature tcx
	bulk 10.9.0.2 -n 4M
	odd_frames
	both_stop
	same_packets 100
	refute grep -q clsact <(tc -n "$server" qdisc show dev eth0)
}

# bats test_tags=core
@test "lines: ARP, ICMP, TCP, UDP and DNS, with namespace, device and direction" {
	serve
	udp_echo 53
	capture_start --netns "$client" --dev eth0
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 1
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 >/dev/null
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 10 1
	# A question for example.test, echoed.
	printf '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x04test\x00\x00\x01\x00\x01' |
		in_ns "$client" nc -u -w 1 10.9.0.2 53 >/dev/null
	capture_stop
	at="^[0-9:.]+  $client  eth0  "
	for line in 'Out  ARP, Request who-has 10\.9\.0\.2 tell 10\.9\.0\.1' 'In   ARP, Reply 10\.9\.0\.2 is-at ' \
		'Out  IP 10\.9\.0\.1 > 10\.9\.0\.2: ICMP echo request, id 4711, seq 0, length 64' 'In   IP 10\.9\.0\.2 > 10\.9\.0\.1: ICMP echo reply' \
		'Out  IP 10\.9\.0\.1\.[0-9]+ > 10\.9\.0\.2\.9000: Flags \[S\], seq ' 'In   IP 10\.9\.0\.2\.9000 > 10\.9\.0\.1\.[0-9]+: Flags \[S\.\]' \
		'Out  IP 10\.9\.0\.1\.[0-9]+ > 10\.9\.0\.2\.7000: UDP, length 10' 'In   IP 10\.9\.0\.2 > 10\.9\.0\.1: ICMP .*unreachable' \
		'Out  IP 10\.9\.0\.1\.[0-9]+ > 10\.9\.0\.2\.53: 4660\+ A\? example\.test\. '; do
		grep -qE "$at$line" "$cap_out" || { echo "no line: $line" >&2; cat "$cap_out" "$cap_err" >&2; return 1; }
	done
	[ "$(wc -l <"$cap_out")" = "$(summary shown)" ]
	[ "$(summary seen)" = "$(summary shown)" ]
}

@test "--count, --duration and a reader that has had enough end it" {
	background in_ns "$client" sh -c "while :; do $traffic icmp 10.9.0.2 56 20; done"
	capture_start --netns "$client" -c 7 icmp
	capture_ended
	[ "$(wc -l <"$cap_out")" = 7 ]
	[ "$(summary shown)" = 7 ]
	capture_start --netns "$client" -c 7 -w "$file" icmp
	capture_ended
	[ "$(count_in "$file")" = 7 ]
	SECONDS=0
	capture_start --netns "$client" -d "${FLOWNER_SLOW:-1}"
	capture_ended
	[ "$(summary shown)" -ge 1 ]
	[ $SECONDS -le $((20 * ${FLOWNER_SLOW:-1})) ]
	for args in "" "-w -"; do
		timeout 30 bash -c "'$FLOWNER' -q capture --netns $client $args | head -c 50 >/dev/null; echo \${PIPESTATUS[0]} >'$BATS_TEST_TMPDIR/status'"
		[ "$(cat "$BATS_TEST_TMPDIR/status")" = 0 ]
	done
}

@test "nothing of an expression's others comes out of the kernel, and FILTER narrows it further" {
	serve
	serve 9001
	talk() {
		in_ns "$client" "$traffic" icmp 10.9.0.2 56 3
		in_ns "$client" "$traffic" icmp fd09::2 56 3
		in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 >/dev/null
		in_ns "$client" "$FLOWNER" echo ping '[fd09::2]:9001' >/dev/null
	}
	# only PATTERN ARGS…: lines that match, at least one, no others.
	only() {
		capture_start --netns "$client" --dev eth0 "${@:2}"
		talk
		capture_stop
		[ "$(wc -l <"$cap_out")" -ge 2 ] || { cat "$cap_err" >&2; return 1; }
		refute grep -vE "$1" "$cap_out"
		[ "$(summary matched)" = "$(summary shown)" ]
		[ "$(summary seen)" -gt "$(summary matched)" ]
	}
	only ' ICMP ' icmp
	[ "$(summary matched)" = 6 ]
	only '\.9000[: ]' --port 9000
	only '\.900[01][: ]' --port 9000 --port 9001
	only ' IP6 .*\.9001[: ]' -6 --port 9001 tcp
	only ' IP ' -4
	only ' IP6 ' -6 ''
	only ' fd09::1.* ICMP6, echo|ICMP6, echo.* fd09::1' --host fd09::1 'icmp6[0] == 128' or 'icmp6[0] == 129'
	only ' IP 10\.9\.0\.[12]' --host 10.9.0.2/32 icmp or tcp
	only ' IP .*(9000|ICMP)' --host 10.9.0.77/24
	capture_start --netns "$client" --host 10.1.2.3
	talk
	capture_stop
	[ "$(summary matched)" = 0 ]
}

# bats test_tags=core
@test "an expression that asks for VLANs finds tags that the kernel keeps beside the packet" {
	capture_start --netns "$server" --dev eth0 vlan 5
	odd_frames
	capture_stop
	[ "$(summary matched)" = 10 ] || { cat "$cap_out" "$cap_err" >&2; return 1; }
	refute grep -v 'vlan 5, ' "$cap_out"
}

@test "-X and -A show what is in a packet" {
	capture_start --netns "$client" --dev eth0 -X udp port 7000
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 30 1
	capture_stop
	grep -qE '^\s*0x0010: .*xx' "$cap_out" || { cat "$cap_out" >&2; return 1; }
	capture_start --netns "$client" --dev eth0 -A udp port 7000
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 30 1
	capture_stop
	grep -q 'x\{30\}' "$cap_out"
}

@test "two captures at once on a link, beside flows, and beside another tool's program" {
	tc -n "$client" qdisc add dev eth0 clsact
	# One that decides: nothing behind it in the qdisc sees a packet.
	tc -n "$client" filter add dev eth0 egress pref 50000 bpf bytecode '1,6 0 0 4294967295,' flowid 1:1
	capture_start --netns "$client" --dev eth0 icmp
	first=$cap first_out=$cap_out
	capture_start --netns "$client" --dev eth0 -w "$file" --disable-feature tcx icmp
	second=$cap second_err=$cap_err
	background "$FLOWNER" flows -o json --netns "$client" --dev eth0 >"$BATS_TEST_TMPDIR/flows" 2>"$BATS_TEST_TMPDIR/flows-err"
	flows=$bg
	wait_for 30 grep -q '^flowner: watching' "$BATS_TEST_TMPDIR/flows-err"
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 25
	stop "$flows"
	cap=$second cap_err=$second_err
	capture_stop
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 25
	cap=$first
	capture_stop
	[ "$(wc -l <"$first_out")" = 100 ]
	[ "$(count_in "$file")" = 50 ]
	[ "$(jq -s 'map(select(.final and .proto=="icmp") | .packets) | add' "$BATS_TEST_TMPDIR/flows")" = 50 ]
	# The other tool's is there still, and ours is not.
	tc -n "$client" filter show dev eth0 egress | grep -q bytecode
	refute grep -q flowner <(tc -n "$client" filter show dev eth0 egress; tc -n "$client" filter show dev eth0 ingress)
}

# bats test_tags=slow
@test "more than can be written: it ends in time all the same, and says what is missing" {
	background in_ns "$server" iperf3 -s -1 -p 5201
	wait_for 20 listening "$server" 5201
	capture_start --netns "$client" --dev eth0 -w /dev/null -d 2 --ring-size 16M
	background in_ns "$client" iperf3 -c 10.9.0.2 -p 5201 -t 30 >/dev/null
	capture_ended
	seconds=$(sed -nE 's/.*, ([0-9]+)\.[0-9] s$/\1/p' "$cap_err")
	[ "$seconds" -le $((3 * ${FLOWNER_SLOW:-1})) ]
	[ $(($(summary written) + $(summary lost))) = "$(summary matched)" ]
	# --strict: then it fails.
	capture_start --netns "$client" --dev eth0 -w /dev/null --strict --ring-size 4K
	# When these are answered, packets larger than the ring have passed between them.
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 20
	capture_stop 5
	[ "$(summary lost)" -ge 1 ]
}

@test "wrong usage: one line that says what is wrong, exit 2" {
	for args in 'tcp port' 'nonsense here' '--comm nc' '--pid 4194305' '--netns nowhere' '--rotate 1' '--rotate 1 -w -' '--rotate x -w y' \
		'--snaplen 1' '--count 0' '--dev waytoolongforaname' '--comments some' '-r x -w y' '--container'; do
		# shellcheck disable=SC2086
		run "$FLOWNER" capture $args
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 1 ]
		[[ ${lines[0]} == flowner:* ]]
	done
	run "$FLOWNER" capture tcp port
	[[ ${lines[0]} == *'syntax error'* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# Packets, and files of packets, made to be misread. tcpdump, tshark and the generator itself count along.

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	client=$name-client server=$name-server
	file=$BATS_TEST_TMPDIR/file
	out=$BATS_TEST_TMPDIR/out
}

teardown() {
	end_background
	remove_netns
}

@test "DNS names with escapes, compression that runs in circles, names too long: in a file" {
	python3 "$hostile" pcap "$file"
	timeout 20 "$FLOWNER" capture -r "$file" -X >"$out" 2>"$out.err"
	# The tab in front of what -X shows is ours.
	sed 's/^\t//' "$out" >"$out.text"
	tame "$out.text" "$out.err"
	# Each packet a line with a time, also where tcpdump has an "[Error converting time]".
	[ "$(grep -cE '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}  ' "$out")" = "$(capinfos -M -c "$file" | sed -n 's/^Number of packets: *//p')" ]
	[ "$(wc -l <"$out")" -gt 70 ]
	# The first second of all times, which is a time like any other.
	[ "$(TZ=UTC "$FLOWNER" -q capture -r "$file" | head -n2 | cut -c1-15 | paste -sd' ')" = "00:00:00.000000 00:00:00.999999" ]
	grep -qF 'A? \x1b[2Jevil.a\x0ab.q"\\.\xff\xfe.' "$out"
	grep -qF 'A? a\.b.\000.\xe2\x80\xae.' "$out"
	grep -qF 'TXT "\x1b]0;title\x07\xc2\x9b"' "$out"
	# The longest that there can be is whole, one more is none; circles and what is cut are bad.
	[ "$(grep -oE 'A\? x{63}\.y{63}\.z{63}\.w{61}\. ' "$out" | wc -l)" = 1 ]
	refute grep -q 'w\{62\}' "$out"
	[ "$(grep -c 'bad domain' "$out")" -ge 6 ]
}

@test "DNS names with escapes, compression that runs in circles, names too long: on a link" {
	pair "$name"
	in_ns "$server" nft -f - <<<'table inet t { chain o { type filter hook output priority 0; meta l4proto icmp drop; }; }'
	cap=
	capture_start --netns "$server" 'udp port 53'
	lines=$cap lines_out=$cap_out
	file=$BATS_TEST_TMPDIR/file.pcapng
	capture_start --netns "$server" -w "$file" 'udp port 53'
	in_ns "$client" python3 - "$BATS_TEST_DIRNAME" <<'PY'
import socket, sys
sys.path.insert(0, sys.argv[1])
import hostile
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for message in hostile.dns_messages():
    s.sendto(message, ("10.9.0.2", 53))
PY
	capture_stop
	readable "$file"
	n=$(count_in "$file")
	[ "$n" = 11 ]
	stop "$lines"
	tame "$lines_out"
	[ "$(wc -l <"$lines_out")" = 11 ]
	grep -qF '\x1b[2Jevil' "$lines_out"
}

@test "a pcapng of somebody else's, with names, comments and times that want to be misread" {
	python3 "$hostile" pcapng "$file"
	timeout 20 "$FLOWNER" capture -r "$file" -A >"$out" 2>"$out.err"
	tame "$out" "$out.err"
	n=$(tshark -n -r "$file" 2>/dev/null | wc -l)
	[ "$n" -ge 18 ]
	[ "$(grep -cE '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}  ' "$out")" = "$n" ]
	grep -qF '\x1b[2J\x1b[31m' "$out"
	# The text that looks like what is made of an escape sequence is told from it.
	grep -qF '\x5cx1b[2J' "$out"
	# Through a pipe, and by an expression.
	[ "$("$FLOWNER" -q capture -r - 'udp port 2' <"$file" | grep -cE '^[0-9]{2}:')" = "$n" ]
	for cut in 1 11 29 100 1000 $(($(stat -c %s "$file") - 5)); do
		head -c "$cut" "$file" >"$file.cut"
		run timeout 10 "$FLOWNER" capture -r "$file.cut"
		[ "$status" = 0 ] || [ "$status" = 1 ]
		tame <(echo "$output")
	done
}

@test "what is no capture: a folder, a device, a pipe that ends, a file nobody may read: one line, exit 1" {
	for bad in "$BATS_TEST_TMPDIR" /dev/zero /dev/null "$BATS_TEST_TMPDIR/missing" /proc/self/mem "$0"; do
		run -1 --separate-stderr timeout 10 "$FLOWNER" capture -r "$bad"
		one_line "$stderr"
		[[ $stderr == *"$bad: "* ]]
		[ -z "$output" ]
	done
	run -1 --separate-stderr timeout 10 "$FLOWNER" capture -r - </dev/null
	one_line "$stderr"
}

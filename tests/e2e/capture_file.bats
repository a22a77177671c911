#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1 fd09::1      10.9.0.2 fd09::2
#
# The files that `flowner capture -w` makes: what is in them besides packets, which links, and what becomes of them when things
# go wrong. The witnesses are tshark, capinfos and tcpdump.

load lib.bash
load capture_lib.bash

setup() {
	name=$(random_name d)
	pair "$name"
	client=$name-client server=$name-server
	traffic=$BATS_TEST_DIRNAME/traffic.py
	file=$BATS_TEST_TMPDIR/f.pcapng
	full=
}

teardown() {
	end_background
	[ -z "$full" ] || umount "$full"
	remove_netns
}

inode() {
	stat -Lc %i "/run/netns/$1"
}

# fields FILE EXPRESSION FIELD…
fields() {
	tshark -n -r "$1" -Y "$2" -T fields $(printf -- '-e %s ' "${@:3}") 2>/dev/null
}

# Traffic without an end.
chatter() {
	background in_ns "$client" sh -c "while :; do $traffic udp 10.9.0.2 7000 1000 200; done"
	chatter=$bg
}

@test "interfaces, statistics, names and directions, as tshark and capinfos read them" {
	serve
	capture_start --netns "$client" --netns "$server" -w "$file" tcp or icmp
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 20 >/dev/null
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 5
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 10 1
	capture_stop
	readable "$file"
	[ "$(stat -c %a "$file")" = 600 ]
	for end in "$client" "$server"; do
		other=$([ "$end" = "$client" ] && echo "$server" || echo "$client")
		grep -q "Name = $end:eth0$" "$BATS_TEST_TMPDIR/capinfos"
		grep -q "Description = eth0 of $end, netns $(inode "$end"), cable to eth0 of $other, netns $(inode "$other")$" "$BATS_TEST_TMPDIR/capinfos"
	done
	[ "$(grep -c 'Time precision = nanoseconds (9)' "$BATS_TEST_TMPDIR/capinfos")" = 4 ]
	[ "$(grep -c 'Filter string = tcp or icmp' "$BATS_TEST_TMPDIR/capinfos")" = 4 ]
	[ "$(grep -c 'Number of stat entries = 1' "$BATS_TEST_TMPDIR/capinfos")" = 4 ]
	n=$(sed -nE "/Name = $client:eth0/,/packets =/ s/.*Number of packets = //p" "$BATS_TEST_TMPDIR/capinfos")
	[ "$n" -gt 100 ]
	# name received accepted dropped delivered packets
	statistics "$file" >"$BATS_TEST_TMPDIR/statistics"
	awk -v c="$client:eth0" -v n="$n" '$1 == c { ok = $2 > n && $3 == n && $4 == 0 && $5 == n && $6 == n } END { exit !ok }' "$BATS_TEST_TMPDIR/statistics" ||
		{ cat "$BATS_TEST_TMPDIR/statistics" >&2; return 1; }
	[ "$(statistic 2 "$file")" = "$(summary seen)" ]
	[ "$(statistic 3 "$file")" = "$(summary matched)" ]
	[ "$(statistic 5 "$file")" = "$(summary written)" ]
	tshark -r "$file" -q -z hosts 2>/dev/null | sort >"$BATS_TEST_TMPDIR/hosts"
	for host in "10.9.0.1	$client" "10.9.0.2	$server" "fd09::1	$client" "fd09::2	$server"; do
		grep -qx "$host" "$BATS_TEST_TMPDIR/hosts"
	done
	# Out of the client: inbound is 1, outbound 2.
	[ "$(fields "$file" "frame.interface_name == \"$client:eth0\" and icmp.type == 8" frame.packet_flags_direction | sort | uniq -c | xargs)" = '5 0x00000002' ]
	[ "$(fields "$file" "frame.interface_name == \"$server:eth0\" and icmp.type == 8" frame.packet_flags_direction | sort | uniq -c | xargs)" = '5 0x00000001' ]
}

@test "comments say who both ends are, and the connection's id that trace tells" {
	serve
	trace_start --netns "$client"
	capture_start --netns "$client" --dev eth0 -w "$file"
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 5 --size 20000 >/dev/null
	in_ns "$client" "$FLOWNER" echo ping '[fd09::2]:9000' >/dev/null
	capture_stop
	trace_stop
	# port and id, as trace has them, and as the file has them; 6 connections, a comment each way
	jq -r 'select(.type == "connect" and .remote.port == 9000) | "\(.local.port) \(.conn) \(.owner.pid)"' "$trace_out" | sort -u >"$BATS_TEST_TMPDIR/traced"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/traced")" = 6 ] || { head -n 3 "$trace_out" >&2; return 1; }
	fields "$file" 'tcp.dstport == 9000 and frame.comment' tcp.srcport frame.comment |
		sed -nE "s/^([0-9]+)\tfrom flowner\[([0-9]+)\] in $client, netns $(inode "$client"); to flowner\[$serve\] in $server, netns $(inode "$server"); conn ([0-9a-f]{16})$/\1 \3 \2/p" | sort >"$BATS_TEST_TMPDIR/told"
	diff "$BATS_TEST_TMPDIR/traced" "$BATS_TEST_TMPDIR/told" || { fields "$file" frame.comment frame.comment >&2; return 1; }
	[ "$(fields "$file" 'tcp.srcport == 9000 and frame.comment' frame.comment | grep -cE "^from flowner\[$serve\] in $server, .*; to flowner\[[0-9]+\] in $client, .*; conn [0-9a-f]{16}$")" = 6 ]
}

@test "--comments: first of a flow, all, none" {
	serve
	for which in first all none; do
		capture_start --netns "$client" --dev eth0 -w "$file" --comments $which tcp
		in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --size 100000 >/dev/null
		capture_stop
		all=$(count_in "$file")
		told=$(fields "$file" frame.comment frame.number | wc -l)
		case $which in
		first) [ "$told" -ge 2 ] && [ "$told" -lt "$all" ] ;;
		all) [ "$told" = "$all" ] && [ "$all" -gt 6 ] ;;
		none) [ "$told" = 0 ] && [ "$all" -gt 6 ] ;;
		esac || { echo "$which: $told of $all" >&2; return 1; }
	done
}

# bats test_tags=core
@test "-w - into tcpdump and into tshark" {
	cap_err=$BATS_TEST_TMPDIR/err
	for reader in 'tcpdump -n -r -' 'tshark -n -r -'; do
		background bash -c "'$FLOWNER' capture --netns $client --dev eth0 -c 10 -w - icmp 2>'$cap_err' | $reader >'$BATS_TEST_TMPDIR/read' 2>'$BATS_TEST_TMPDIR/read-err'; echo \${PIPESTATUS[*]} >'$BATS_TEST_TMPDIR/status'"
		cap=$bg
		wait_for 30 grep -q '^flowner: capturing' "$cap_err"
		in_ns "$client" "$traffic" icmp 10.9.0.2 56 5
		capture_ended
		[ "$(cat "$BATS_TEST_TMPDIR/status")" = '0 0' ]
		[ "$(grep -c 'ICMP' "$BATS_TEST_TMPDIR/read")" = 10 ]
		rm "$cap_err"
	done
}

@test "places that cannot be written to: no directory, a directory, a symbolic link" {
	echo mine >"$BATS_TEST_TMPDIR/there"
	run timeout 20 "$FLOWNER" capture --netns "$client" -w "$BATS_TEST_TMPDIR/there"
	[ "$status" = 1 ]
	[[ $output == *"it is there already"* ]]
	[ "$(cat "$BATS_TEST_TMPDIR/there")" = mine ]
	run timeout 20 "$FLOWNER" capture -r "$BATS_TEST_TMPDIR/there" --dev eth0
	[ "$status" = 2 ]
	ln -s "$BATS_TEST_TMPDIR/target" "$BATS_TEST_TMPDIR/link"
	for to in "$BATS_TEST_TMPDIR/none/f" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/link"; do
		run timeout 30 "$FLOWNER" capture --netns "$client" -d 5 -w "$to"
		[ "$status" = 1 ]
		[[ $output == *"cannot write to $to: "* ]]
	done
	[[ $output == *'symbolic link'* ]]
	[ ! -e "$BATS_TEST_TMPDIR/target" ]
}

@test "a full disk is told, and what was written stays readable; so in the last of a rotation" {
	full=$BATS_TEST_TMPDIR/full
	mkdir "$full"
	mount -t tmpfs -o size=300k tmpfs "$full"
	chatter
	for args in "" "--rotate 150K"; do
		# shellcheck disable=SC2086
		capture_start --netns "$client" --dev eth0 -w "$full/f" $args
		capture_ended 1
		grep -qE "^flowner: writing to $full/f(\.0002|\.0003)?: No space left on device; what was written before stays readable$" "$cap_err" ||
			{ cat "$cap_err" >&2; return 1; }
		for f in "$full"/f*; do
			# A file that was opened, and found no room at all, is empty.
			[ -s "$f" ] || continue
			readable "$f"
			[ "$(count_in "$f")" -ge 50 ]
		done
		rm "$full"/f*
	done
}

# bats test_tags=slow
@test "killed with SIGKILL while it writes: readable up to there, and nothing stays attached" {
	chatter
	capture_start --netns "$client" --dev eth0 -w "$file"
	programs=$(programs_of "$cap")
	[ "$(wc -w <<<"$programs")" -ge 4 ]
	filters=
	if tc -n "$client" qdisc show dev eth0 | grep -q clsact; then filters=1 programs=; fi
	wait_for 30 sh -c "[ \$(stat -c %s '$file') -gt 2000000 ]"
	stop "$cap" KILL || true
	for id in $programs; do
		wait_for 10 gone "$id"
	done
	if [ -n "$filters" ]; then	# before 6.6 they stay until the next flowner
		"$FLOWNER" -q capture --netns "$client" --dev eth0 -c 1 >/dev/null
	fi
	[ -z "$(tc -n "$client" filter show dev eth0 egress)" ]
	[ "$(count_in "$file")" -gt 1000 ]
	capinfos "$file" 2>&1 >"$BATS_TEST_TMPDIR/capinfos" | refute grep -vE 'cut short|appears to have been'
	[ "$("$FLOWNER" -q capture -r "$file" 2>/dev/null | grep -c '^[0-9]')" = "$(count_in "$file")" ]
}

# bats test_tags=slow
@test "--rotate, by size and by time: each file by itself complete, no packet missing or twice" {
	for size in 200K 1s; do
		rm -f "$file".*
		chatter
		capture_start --netns "$client" --netns "$server" --dev eth0 -w "$file" --rotate $size
		wait_for 30 test -s "$file.0003"
		stop "$chatter" TERM || true
		capture_stop
		[ ! -e "$file" ]
		sum=0
		for f in "$file".*; do
			readable "$f"
			sum=$((sum + $(count_in "$f")))
			[ "$(statistics "$f" | wc -l)" = 2 ]
			tshark -r "$f" -q -z hosts 2>/dev/null | grep -q "$server"
			[ $size = 1s ] || [ "$(stat -c %s "$f")" -lt 210000 ]
		done
		[ "$sum" = "$(summary written)" ]
		[ "$(summary lost)" = 0 ]
		[ "$sum" = "$(summary seen)" ]
		[ "$(statistic 2 "$file".*)" = "$sum" ]
		[ "$(statistic 5 "$file".*)" = "$sum" ]
	done
}

@test "a link that comes later is captured, in a file that has begun without it" {
	capture_start --netns "$client" -w "$file" icmp
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 2
	ip link add va netns "$client" type veth peer name vb netns "$server"
	ip -n "$client" addr add 10.9.9.1/24 dev va
	ip -n "$server" addr add 10.9.9.2/24 dev vb
	ip -n "$client" link set va up
	ip -n "$server" link set vb up
	written() {
		in_ns "$client" "$traffic" icmp 10.9.9.2 56 1
		capinfos "$file" 2>/dev/null | grep -q "Name = $client:va" && [ "$(count_in "$file" host 10.9.9.2)" -ge 1 ]
	}
	wait_for 30 written
	n=$(count_in "$file" host 10.9.9.2)
	in_ns "$client" "$traffic" icmp 10.9.9.2 56 5
	ip -n "$client" link del va
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 2
	capture_stop
	readable "$file"
	[ "$(count_in "$file" host 10.9.9.2)" = $((n + 10)) ]
	[ "$(count_in "$file" host 10.9.0.2)" = 8 ]
}

@test "which links: a namespace's own, the other ends, by name; one with nothing but lo" {
	# names ARGS…: the interfaces of the file
	names() {
		capture_start -w "$file" "$@"
		capture_stop
		capinfos "$file" | sed -nE 's/.* Name = //p' | sort | paste -sd' '
	}
	[ "$(names --netns "$client")" = "$client:eth0 $client:lo" ]
	[ "$(names --netns "$client" --host-side)" = "$server:eth0" ]
	[ "$(names --netns "$client" --netns "$server" --dev lo)" = "$client:lo $server:lo" ]
	new_netns "$name-alone"
	ip -n "$name-alone" link set lo up
	capture_start --netns "$name-alone" -w "$file" icmp
	in_ns "$name-alone" "$traffic" icmp 127.0.0.1 56 3
	capture_stop
	# A request and an answer, each once.
	[ "$(count_in "$file")" = 6 ]
	readable "$file"
}

@test "a tun device, whose packets have no Ethernet header: as tcpdump has them" {
	ip -n "$client" tuntap add dev tun0 mode tun || skip "no tun here"
	ip -n "$client" addr add 10.9.7.1/24 dev tun0
	ip -n "$client" link set tun0 up
	background in_ns "$client" python3 -c '
import fcntl, os, struct
f = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(f, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x1001))
while True:
    p = bytearray(os.read(f, 65536))
    if p[0] == 0x45 and p[20] == 8:
        p[12:16], p[16:20], p[20], p[22:24] = p[16:20], p[12:16], 0, struct.pack(">H", 0)
        p[22:24] = struct.pack(">H", (lambda s: ~((s >> 16) + (s & 65535) + ((s >> 16) + (s & 65535) >> 16)) & 65535)(sum(struct.unpack(">%dH" % (len(p[20:]) // 2), p[20:]))))
        os.write(f, p)'
	wait_for 10 sh -c "ip -n $client link show tun0 | grep -q LOWER_UP"
	capture_start --netns "$client" --dev tun0 -w "$file" 'icmp[0] == 8 or icmp[0] == 0'
	in_ns "$client" "$traffic" icmp 10.9.7.2 56 5
	capture_stop
	[ "$(count_in "$file")" = 10 ]
	readable "$file"
	[ "$(packets --all "$file" | cut -d' ' -f2,3 | sort -u)" = '84 84' ]
	[ "$(tshark -n -r "$file" -T fields -e frame.protocols 2>/dev/null | sort -u)" = raw:ip:icmp:data ]
}

@test "capture -r: our file and tcpdump's, with an expression: as many as tcpdump says" {
	serve
	both_start "$file" 262144
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 3 --size 50000 >/dev/null
	in_ns "$client" "$traffic" udp fd09::2 7000 4000 3
	in_ns "$client" "$traffic" icmp 10.9.0.2 56 4
	both_stop
	for f in "$file" "$dump.in" "$dump.out"; do
		for expression in '' 'icmp' 'tcp port 9000' 'ip6' 'tcp[tcpflags] & tcp-syn != 0' 'greater 2000' 'not ip'; do
			n=$("$FLOWNER" -q capture -r "$f" "$expression" | grep -c '^[0-9]') || true
			[ "$n" = "$(count_in "$f" "$expression")" ] || { echo "$f, $expression: $n" >&2; return 1; }
		done
	done
	[ "$("$FLOWNER" -q capture -r "$file" icmp | grep -c " $server  eth0  In   IP 10.9.0.1 > 10.9.0.2: ICMP echo request")" = 4 ]
	[ "$("$FLOWNER" -q capture -r - -c 2 <"$file" icmp | grep -c ICMP)" = 2 ]
	"$FLOWNER" -q capture -r "$file" tcp port 9000 | grep -q "^    from flowner\["
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The capture file's writer and reader and the lines, beside Wireshark's tools and tcpdump. What is asked about is made
# by tests/tools/packets.c, or captured by tcpdump and dumpcap. No kernel has a part in it: not for make test-kernels.
# bats file_tags=slow

bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export TZ=UTC
}

setup() {
	packets=${FLOWNER%/*}/tests/tools/packets
	[ -x "$packets" ] || skip "tests/tools/packets is not built"
	cd "$BATS_TEST_TMPDIR"
	name=$(random_name p)
}

teardown() {
	end_background
	remove_netns
}

needs() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "no $tool here"
	done
}

# Wireshark's tools say on stderr who runs them; anything else there is a warning.
quiet() {
	"$@" 2>stderr || { cat stderr >&2; return 1; }
	refute grep -v 'Running as user "root"' stderr
}

# Times, interfaces, lengths, directions and comments as tshark reads them, in the shape of `packets list`, which
# shows the backslashes that are in the file already as \x5c.
tshark_list() {
	quiet tshark -n -r "$1" -T fields -e frame.time_epoch -e frame.interface_name -e frame.interface_description \
		-e frame.cap_len -e frame.len -e frame.packet_flags_direction -e frame.comment |
		awk -F'\t' -v OFS='\t' '{ $6 = $6 == "" ? 0 : substr($6, 10) + 0; gsub(/\\/, "\\x5c", $3); gsub(/\\/, "\\x5c", $7)
			gsub(/\\x5cn/, "\\x0a", $7); print }'
}

# same OURS THEIRS: the files are alike, and not empty.
same() {
	[ -s "$1" ]
	diff -u "$1" "$2" >&2
}

theirs() { tcpdump -n -S -t -r "$1" 2>/dev/null; }

@test "tshark finds what was written: times, interfaces, lengths, directions, comments" {
	needs tshark
	"$packets" sample f
	tshark_list f >theirs
	"$packets" list f >ours
	same ours theirs
	[ "$(wc -l <ours)" -gt 80 ]
	head -n1 ours | grep -q '^1795230611.123456789	echo-server:eth0	netns echo-server, container web, peer veth1a2b	'
	grep -qF 'web (nginx) → client' theirs
	grep -qF 'a\x0ab\x5cx1b[2J\x5cxff' theirs
	grep -qF 'vpn:tün0	bad \x5cxff byte' theirs
}

@test "capinfos finds the section, the interfaces, and packets in order" {
	needs capinfos
	"$packets" sample f
	quiet capinfos -M f >info
	grep -qE '^Strict time order: +True$' info
	grep -qE '^File timestamp precision: +nanoseconds \(9\)$' info
	grep -qE "^Capture application: flowner [0-9.]+$" info
	grep -qE "^Capture oper-sys: +$(uname -s) $(uname -r)$" info
	grep -qE "^Capture hardware: +$(uname -m)$" info
	grep -qE '^Capture comment: +made by a test$' info
	grep -qE '^ +Name = echo-server:eth0$' info
	grep -qE '^ +Description = netns echo-server, container web, peer veth1a2b$' info
	grep -qE '^ +Filter string = tcp port 80 or udp$' info
	grep -qE '^ +Operating system = Linux$' info
	grep -qE '^ +Capture length = 128$' info
	[ "$(grep -cE '^ +Number of stat entries = 1$' info)" = 2 ]
	grep -qE '^Number of resolved IPv4 addresses in file: 3$' info
	grep -qE '^Number of resolved IPv6 addresses in file: 1$' info
}

@test "Wireshark's view of each block: nothing malformed, the statistics, drops and ids as counted" {
	needs tshark
	"$packets" sample f
	quiet tshark -r f -X 'read_format:MIME Files Format' -V >blocks
	refute grep -iE 'malformed|expert|unknown option' blocks
	n=$("$packets" list f | grep -c 'echo-server:eth0')
	[ "$(grep -c 'Block: Enhanced Packet' blocks)" = "$("$packets" list f | wc -l)" ]
	sed -n '/Block: Interface Statistics/,/trailer/p' blocks | sed '/trailer/q' >first
	grep -qE 'Interface: 0$' first
	grep -qE "Number of Received Packets: $((n + 7))$" first
	grep -qE 'Number of Dropped Packets: 0$' first
	grep -qE "Number of Accepted by Filter Packets: $((n + 2))$" first
	grep -qE 'Number of Dropped Packets by OS: 2$' first
	grep -qE "Number of Delivered to the User Packets: $n$" first
	grep -qE '^ +Option: (Start|End) Time' first
	[ "$(grep -cE 'Option: Drop Count' blocks)" -gt 10 ]
	[ "$(grep -cE 'Option: Packet ID' blocks)" -gt 10 ]
}

@test "Wireshark shows the names that the file gives to addresses" {
	needs tshark
	"$packets" sample f
	quiet tshark -N n -r f >lines
	grep -qE ' client → web.lab +TCP ' lines
	grep -qE ' fd09::1 → web6.lab +TCP ' lines
	"$packets" names f >ours
	printf '%s\t%s\n' 10.9.0.1 client.lab 10.9.0.1 client 10.9.0.2 web.lab fd09::2 web6.lab >want
	same ours want
}

@test "a file that ends behind any block is a good file" {
	needs capinfos python3
	"$packets" sample f
	python3 - <<-'END' >ends
		import struct
		data, at = open("f", "rb").read(), 0
		while at < len(data):
		    at += struct.unpack_from("=I", data, at + 4)[0]
		    print(at)
	END
	[ "$(wc -l <ends)" -gt 90 ]
	while read -r end; do
		head -c "$end" f >part
		quiet capinfos -c part >/dev/null
		quiet "$packets" list part >/dev/null
	done < <(sed -n '1~9p' ends)
}

@test "lines are tcpdump's, for packets of every kind" {
	needs tcpdump
	for link in 1 101 113; do
		"$packets" corpus $link f
		theirs f >theirs
		"$packets" summary f >ours
		same ours theirs
	done
	"$packets" corpus 1 f
	[ "$("$packets" summary f | wc -l)" -ge 60 ]
}

@test "packets that were cut are told as cut where tcpdump tells them so" {
	needs tcpdump editcap
	"$packets" corpus 1 whole
	for snaplen in 14 20 33 38 42 50 53 57 60 64 70 80 90; do
		quiet editcap -F pcapng -s $snaplen whole f
		# tcpdump takes an answer that was cut behind its questions for a whole one, and wants more of an ICMP error
		# about time than it says of it.
		theirs f | grep -v '^	' >theirs
		"$packets" summary f >ours
		[ "$(wc -l <ours)" = "$(wc -l <theirs)" ]
		paste -d'\n' ours theirs | awk -v at=$snaplen 'NR % 2 { ours = $0; next }
			ours ~ /\.53[: ]/ || ours ~ /time exceeded/ { next }
			(ours ~ /\[\|/) != ($0 ~ /\[\|/) { print at ": " ours "\n" at ": " $0; bad = 1 }
			END { exit bad }' >&2
	done
}

@test "bytes are dumped as tcpdump dumps them" {
	needs tcpdump
	"$packets" corpus 1 f
	tcpdump -n -S -t -X -r f 2>/dev/null | grep '^	' >theirs
	"$packets" hex f >ours
	same ours theirs
	tcpdump -n -S -t -A -r f 2>/dev/null | grep -av '^IP\|^ARP' >theirs
	"$packets" ascii f >ours
	diff -a ours theirs
}

# What two namespaces say to each other, as tcpdump writes it to the file $1, with the options behind.
traffic() {
	local client=$name-client server=$name-server
	pair "$name"
	background in_ns "$server" tcpdump -i eth0 -U -w "$1" "${@:2}" 2>tcpdump.err
	capture=$bg
	wait_for 10 grep -q 'listening on' tcpdump.err
	in_ns "$client" ping -q -c 2 -i 0.2 -s 100 10.9.0.2
	in_ns "$client" ping -q -c 2 -i 0.2 -s 3000 fd09::2
	background in_ns "$server" nc -l 9000 >received
	wait_for 10 listening "$server" 9000
	head -c 20000 /dev/zero | tr '\0' x | in_ns "$client" nc -N 10.9.0.2 9000
	echo hello | in_ns "$client" nc -u -w 1 fd09::2 9001 || true
	refute in_ns "$client" nc -w 2 10.9.0.2 9002
	wait_for 10 told_of_the_last "$1"
	stop "$capture" INT
}

told_of_the_last() {
	tcpdump -n -r "$1" 2>/dev/null | grep -q '9002 > .*Flags \[R'
}

# Fragments are told in other words.
without_fragments() {
	grep -v 'frag\|ip-proto'
}

@test "of real traffic the lines are tcpdump's, whatever tool wrote the file" {
	needs tcpdump editcap tshark nc ping
	traffic seen.pcap
	theirs seen.pcap | without_fragments >theirs
	grep -q 'ARP, Request who-has' theirs
	grep -q 'ICMP echo reply' theirs
	grep -q 'Flags \[S.\]' theirs
	grep -q 'UDP, length 6' theirs
	"$packets" summary seen.pcap | without_fragments >ours
	same ours theirs
	"$packets" summary seen.pcap | grep -q 'icmp6, fragment id .*, offset 1448+\?, length '
	for format in pcap nsecpcap pcapng; do
		quiet editcap -F $format seen.pcap again
		"$packets" summary again | without_fragments >ours
		same ours theirs
		"$packets" list again | cut -f1,4,5 >ours
		tshark_list again | cut -f1,4,5 >listed
		same ours listed
		"$packets" list - <again | cut -f1,4,5 | cmp - ours
	done
	head -c $(($(stat -c %s seen.pcap) - 1)) seen.pcap >cut
	"$packets" summary cut >ours 2>remark
	[ "$(wc -l <ours)" = $(($("$packets" summary seen.pcap | wc -l) - 1)) ]
	grep -q 'the file ends too early' remark
}

@test "tcpdump -i any and nanoseconds are read" {
	needs tcpdump nc ping
	traffic seen.pcap -i any --time-stamp-precision=nano
	# It puts the interface and the direction in front.
	theirs seen.pcap | without_fragments | sed -E 's/^[a-z0-9]+ +(In|Out|B|M|P) +//' >theirs
	"$packets" summary seen.pcap | without_fragments >ours
	same ours theirs
	tcpdump -n -tt -r seen.pcap 2>/dev/null --time-stamp-precision=nano | cut -d' ' -f1 >theirs
	"$packets" list seen.pcap | cut -f1 >ours
	same ours theirs
}

@test "dumpcap's pcapng is read, with the names and comments that it has" {
	needs dumpcap tshark editcap ping
	pair "$name"
	background in_ns "$name-server" dumpcap -q -i eth0 -w seen -c 4 -f icmp 2>dumpcap.err
	capture=$bg
	wait_for 10 grep -q '^File: ' dumpcap.err
	in_ns "$name-client" ping -q -c 2 -i 0.2 10.9.0.2
	wait "$capture"
	quiet editcap -a '2:näme & comment' seen with
	"$packets" list with >ours
	tshark_list with >theirs
	same ours theirs
	[ "$(cut -f2 ours | sort -u)" = eth0 ]
	[ "$(wc -l <ours)" = 4 ]
	grep -q 'näme & comment$' ours
}

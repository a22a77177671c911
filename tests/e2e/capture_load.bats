#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1 fd09::1      10.9.0.2 fd09::2
#
# `flowner capture` at work: a name server whose answer does not fit a datagram, bulk TCP behind an expression, and more
# packets than it can take. tshark and capinfos say what is in the files.

load lib.bash
load capture_load_lib.bash

setup() {
	name=$(random_name l)
	pair "$name"
	client=$name-client server=$name-server
	file=$BATS_TEST_TMPDIR/packets.pcapng
}

teardown() {
	end_background
	remove_netns
}

# field FILTER FIELD…: of the packets that match Wireshark's FILTER, one a line, tabs between.
field() {
	local filter=$1 f args=()
	shift
	for f; do args+=(-e "$f"); done
	tshark -n -r "$file" -Y "$filter" -T fields "${args[@]}" 2>/dev/null
}

# bats test_tags=slow
@test "DNS: the question, the answer that was cut, and the same again over TCP, from dig and dnsmasq" {
	local cmd record records=() dig arp ask answer retry whole comments
	for cmd in dnsmasq dig tshark; do
		command -v $cmd >/dev/null || skip "no $cmd here"
	done
	for record in {01..40}; do
		records+=("--txt-record=big.test,record $record of an answer that no datagram of 512 bytes has room for")
	done
	background in_ns "$server" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
		--bind-interfaces --listen-address=10.9.0.2 "${records[@]}"
	wait_for 20 listening "$server" 53
	ip -n "$client" neigh flush dev eth0

	capture_start --netns "$client" -w "$file" 'arp or port 53'
	background in_ns "$client" dig @10.9.0.2 big.test TXT +noedns +tries=1 >"$BATS_TEST_TMPDIR/answer"
	dig=$bg
	wait "$dig"
	grep -q 'ANSWER: 40' "$BATS_TEST_TMPDIR/answer"
	capture_stop
	[ "$lost" = 0 ]

	# By frame number: ARP, the question, the answer with TC set, the question over TCP, all 40 records.
	arp=$(field 'arp.opcode == 1' frame.number | head -n1)
	ask=$(field 'udp && dns.flags.response == 0 && dns.qry.name == "big.test"' frame.number)
	answer=$(field 'udp && dns.flags.truncated == 1 && dns.flags.response == 1' frame.number)
	retry=$(field 'tcp && dns.flags.response == 0' frame.number)
	whole=$(field 'tcp && dns.flags.response == 1 && dns.count.answers == 40' frame.number)
	echo "ARP $arp, question $ask, cut answer $answer, over TCP $retry, answer $whole"
	[ "$arp" -lt "$ask" ]
	[ "$ask" -lt "$answer" ]
	[ "$answer" -lt "$retry" ]
	[ "$retry" -lt "$whole" ]

	# Who. dig works in a thread, whose name is what the kernel tells; its UDP socket may be gone before anyone looks.
	comments=$(field frame.comment frame.comment)
	echo "$comments"
	grep -qE "from [^ ]+\[$dig\] in $client, netns [0-9]+; to dnsmasq\[[0-9]+\] in $server, netns [0-9]+; conn " <<<"$comments"
	grep -qE "from dnsmasq\[[0-9]+\] in $server, netns [0-9]+; to [^ ]+\[$dig\] in $client, netns [0-9]+; conn " <<<"$comments"
	field "frame.number == $answer" frame.comment | grep -qE "from dnsmasq\[[0-9]+\] in $server"

	# Our own reader.
	"$FLOWNER" capture -r "$file" >"$BATS_TEST_TMPDIR/lines"
	cat "$BATS_TEST_TMPDIR/lines"
	grep -qi 'arp.*10\.9\.0\.2' "$BATS_TEST_TMPDIR/lines"
	grep -qE 'IP 10\.9\.0\.1\.[0-9]+ > 10\.9\.0\.2\.53: [0-9]+\+ TXT\? big\.test\.' "$BATS_TEST_TMPDIR/lines"
	grep -qE 'IP 10\.9\.0\.2\.53 > 10\.9\.0\.1\.[0-9]+: [0-9]+\*\| .*TXT "record [0-9]+ of an answer' "$BATS_TEST_TMPDIR/lines"
	[ "$(grep -c '^[^ ].*10\.9' "$BATS_TEST_TMPDIR/lines")" = "$written" ]
}

# count NAME: of the file, as its blocks say.
count() {
	"$BATS_TEST_DIRNAME/capture_counts.py" "$file" | jq ".$1"
}

# bats test_tags=slow
@test "bulk TCP behind an expression that one packet in a thousand matches: nothing is lost" {
	# By the IP header's id, which each side counts up: sequence numbers go in steps of a segment, and may never meet.
	background in_ns "$server" iperf3 -s -1 -p 5201
	wait_for 20 listening "$server" 5201
	capture_start --netns "$server" -s 128 --ring-size 256K --strict -w "$file" 'tcp port 5201 and ip[4:2] & 0x3ff = 0'
	in_ns "$client" iperf3 -c 10.9.0.2 -p 5201 -t 3 -M 1200 >/dev/null
	capture_stop
	[ "$lost" = 0 ]
	[ "$written" = "$matched" ]
	[ "$written" -gt 0 ]
	[ "$received" -gt $((matched * 200)) ]
	"$BATS_TEST_DIRNAME/capture_counts.py" "$file"
	[ "$(count packets)" = "$written" ]
	[ "$(count accepted)" = "$matched" ]
	[ "$(count received)" = "$received" ]
	[ "$(count delivered)" = "$written" ]
	[ "$(count os_dropped)" = 0 ]
	[ "$(count drops)" = 0 ]
	[ "$(count longest)" -le 128 ]
	# Not one of them is there by mistake: libpcap says the same.
	[ "$(tcpdump -nr "$file" 'tcp port 5201 and ip[4:2] & 0x3ff = 0' 2>/dev/null | wc -l)" = "$written" ]
}

# unheard NETNS: datagrams that arrived there for a port that nobody listens to.
unheard() {
	in_ns "$1" awk '/^Udp:/ && n++ { print $3 }' /proc/net/snmp
}

# flood N: short datagrams to a port that nobody listens to; each is handed to the device.
flood() {
	in_ns "$client" python3 -c '
import os, socket, sys
# Losses are counted by the CPU, and the next record of that one tells of them.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(int(sys.argv[1])):
    s.sendto(b"x" * 18, ("10.9.0.2", 9))' "$1"
}

# bats test_tags=slow
@test "more than it can take: what was written and what was lost is what matched, and the packets arrive all the same" {
	# No ICMP in between: a socket's next send would fail with it.
	in_ns "$server" nft -f - <<<'table inet t { chain o { type filter hook output priority 0; meta l4proto icmp drop; }; }'
	flood 1 # ARP
	capture_start --netns "$server" --ring-size 64K --strict -w "$file" 'udp port 9'
	before=$(unheard "$server")
	# At first it cannot read at all, then it can, but has to keep up.
	kill -STOP "$capture"
	flood 5000
	kill -CONT "$capture"
	flood 60000
	wait_for 20 [ "$(unheard "$server")" = $((before + 65000)) ]
	capture_stop 5
	[ "$matched" = 65000 ]
	[ "$lost" -gt 0 ]
	[ "$written" -gt 100 ]
	[ $((written + lost)) = "$matched" ]
	grep -q 'packets were lost' "$capture_err"

	"$BATS_TEST_DIRNAME/capture_counts.py" "$file"
	[ "$(count packets)" = "$written" ]
	[ "$(count accepted)" = "$matched" ]
	[ "$(count delivered)" = "$written" ]
	[ "$(count os_dropped)" = "$lost" ]
	# A packet tells of those lost before it; behind the last one only the statistics do.
	[ "$(count drops)" -gt 0 ]
	[ "$(count drops)" -le "$lost" ]
	[ "$(capinfos -M -c "$file" | sed -n 's/^Number of packets: *//p')" = "$written" ]
}

# bats test_tags=slow
@test "who sends datagrams from a socket that lives a twentieth of a second, and is gone when they are written" {
	in_ns "$server" nft -f - <<<'table inet t { chain o { type filter hook output priority 0; meta l4proto icmp drop; }; }'
	capture_start --netns "$client" -w "$file" 'udp port 9'
	in_ns "$client" python3 -c '
import socket, time
for i in range(20):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("10.9.0.2", 9))
        time.sleep(0.05)
    time.sleep(0.05)'
	capture_stop
	[ "$written" = 20 ]
	# Two may have been missed, on a machine that has other things to do.
	[ "$(field frame.comment frame.comment | grep -cE "^from python3\[[0-9]+\] in $client, netns [0-9]+$")" -ge 18 ]
}

# bats test_tags=slow
@test "devices that come and go: each has its statistics in the file once it has gone, and its number is another's" {
	local i numbers
	capture_start --netns "$client" --strict -w "$file" 'ether proto 0x88b5'
	for i in {1..6}; do
		ip link add "x$i" netns "$client" type veth peer name "x$i" netns "$server"
		ip -n "$client" link set "x$i" up
		ip -n "$server" link set "x$i" up
		# Until it is watched.
		arrives() {
			in_ns "$server" "$BATS_TEST_DIRNAME/traffic.py" raw "x$i" "ffffffffffff02000000000188b5$(printf '%02x' "$i")$(printf '00%.0s' {1..45})" 1
			sleep 0.1
			LC_ALL=C grep -qaP "\\x88\\xb5\\x$(printf '%02x' "$i")" "$file"
		}
		wait_for 20 arrives
		ip -n "$client" link del "x$i"
		# Its statistics stand in the file, with as many as are in there, while the capture goes on.
		gone() { ended "x$i"; }
		wait_for 20 gone
	done
	# The kernel's counters are those of one link at a time: its eth0, lo, and one of the six.
	numbers=$(bpftool -j map dump id "$(counters_of "$capture")" | jq '[.[] | select(any(.values[].value[]; . != "0x00"))] | length')
	[ "$numbers" -le 3 ]
	capture_stop
	[ "$written" = "$matched" ]
	[ "$(count packets)" = "$written" ]
	[ "$(count accepted)" = "$matched" ]
	[ "$(count received)" = "$received" ]
	[ "$(count delivered)" = "$written" ]
}

# ended NAME: the file has an interface of that name, and statistics of it that agree with its packets.
ended() {
	"$BATS_TEST_DIRNAME/pcap_packets.py" --statistics "$file" 2>/dev/null | awk -v n=":$1" 'index($1, n) == length($1) - length(n) + 1 && $3 > 0 && $3 == $5 && $5 == $6 { ok = 1 } END { exit !ok }'
}

# The map capture_counters of a process.
counters_of() {
	local id
	for id in $(sed -n 's/^map_id:[^0-9]*//p' /proc/"$1"/fdinfo/* | sort -u); do
		bpftool map show id "$id" | grep -q 'name capture_count' && echo "$id"
	done
}

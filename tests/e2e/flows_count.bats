#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1 fd09::1      10.9.0.2 fd09::2
#
# `flowner flows` counts what tcpdump counts on the same end of a veth pair: packets and bytes of every flow, in both
# directions.

load lib.bash
load flows_lib.bash

setup() {
	name=$(random_name f)
	pair "$name"
	client=$name-client server=$name-server
	traffic=$BATS_TEST_DIRNAME/traffic.py
	mode=()
}

teardown() {
	end_background
	remove_netns
}


# begin: flowner first, so that it misses nothing that tcpdump has.
begin() {
	flows_start --netns "$client" --both-ends --strict ${mode[@]+"${mode[@]}"}
	dump_start "$server" eth0
}

finish() {
	dump_stop "$server" "$client"
	flows_stop
}

# serve: our echo server on port 9000.
serve() {
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
}

bulk() {
	background in_ns "$server" iperf3 -s -1 -p 5201
	wait_for 20 listening "$server" 5201
	in_ns "$client" iperf3 -c "$1" -p 5201 "${@:2}" >/dev/null
}

# bats test_tags=core
@test "bulk TCP with GSO, both directions: packets and bytes of each flow as tcpdump has them" {
	begin
	bulk 10.9.0.2 -n 200M
	bulk 10.9.0.2 -n 200M -R
	finish
	same_flows "$server" eth0 ' tcp ' 8
	# Segments are what the packets were, or would have been, on a wire of that MTU.
	[ "$(sum segments '.netns.name=="'"$server"'" and .bytes>100000000')" -gt "$(($(sum packets '.netns.name=="'"$server"'" and .bytes>100000000') * 2))" ]
	# One end sends what the other receives.
	[ "$(sum bytes '.netns.name=="'"$server"'" and .proto=="tcp" and .direction=="ingress"')" = "$(sum bytes '.netns.name=="'"$client"'" and .proto=="tcp" and .direction=="egress"')" ]
}

# bats test_tags=core
@test "the same through a clsact qdisc, which goes again" {
	mode=(--disable-feature tcx)
	begin
	tc -n "$server" qdisc show dev eth0 | grep -q clsact
	bulk 10.9.0.2 -n 100M
	finish
	same_flows "$server" eth0 ' tcp ' 4
	refute grep -q clsact <(tc -n "$server" qdisc show dev eth0)
}

@test "segmentation and GRO switched off: as tcpdump, and a segment is a packet" {
	for ns in "$client" "$server"; do
		ip netns exec "$ns" ethtool -K eth0 tso off gso off gro off
	done
	begin
	bulk 10.9.0.2 -n 20M
	finish
	same_flows "$server" eth0 ' tcp ' 4
	[ "$(sum segments '.netns.name=="'"$server"'" and .proto=="tcp"')" = "$(sum packets '.netns.name=="'"$server"'" and .proto=="tcp"')" ]
}

@test "segmentation off at the sending end only: what leaves it is segmented behind tc, and counted so" {
	ip netns exec "$server" ethtool -K eth0 tso off
	begin
	bulk 10.9.0.2 -n 20M -R
	finish
	same_flows "$server" eth0 ' tcp ' 4
}

@test "segmentation switched off while it is watched" {
	begin
	bulk 10.9.0.2 -n 5M -R
	# What has been read is judged as the device was then.
	wait_for 10 told '.netns.name=="'"$server"'" and .direction=="egress" and .bytes>5000000'
	ip netns exec "$server" ethtool -K eth0 tso off
	bulk 10.9.0.2 -n 5M -R
	finish
	same_flows "$server" eth0 ' tcp ' 8
}

@test "GRO on a veth: as tcpdump, which sees packets before they are merged or after, whichever tc does" {
	ip netns exec "$client" ethtool -K eth0 tso off gso off
	ip netns exec "$server" ethtool -K eth0 gro on
	begin
	bulk 10.9.0.2 -n 50M
	finish
	same_flows "$server" eth0 ' tcp ' 4
}

# bats test_tags=slow
@test "1,000 short connections over IPv4 and IPv6" {
	serve
	begin
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 500 -c 10 --size 1 >/dev/null
	in_ns "$client" "$FLOWNER" echo ping '[fd09::2]:9000' -n 500 -c 10 --size 3000 >/dev/null
	finish
	same_flows "$server" eth0 ' tcp ' 2000
}

@test "UDP, IPv4 and IPv6, tiny and larger than the MTU: fragments count to their flow" {
	background in_ns "$server" "$traffic" udp-echo 7000
	wait_for 10 sh -c "ip netns exec $server ss -Hlun 'sport = :7000' | grep -q ."
	begin
	for addr in 10.9.0.2 fd09::2; do
		in_ns "$client" "$traffic" udp $addr 7000 1 50
		in_ns "$client" "$traffic" udp $addr 7000 5000 50
		in_ns "$client" "$traffic" udp $addr 7000 60000 5
	done
	wait_for 10 sh -c "[ \$(ip netns exec $server ss -Hlun 'sport = :7000' | awk '{ print \$2 }' | head -n1) = 0 ]"
	finish
	same_flows "$server" eth0 ' udp ' 12
	# 60,000 bytes are 41 packets, there and back, in one flow each.
	[ "$(sum packets '.netns.name=="'"$server"'" and .direction=="ingress" and .family=="ipv4" and .proto=="udp" and .bytes>300000')" = 205 ]
	[ -z "$(final '.fragments')" ]
}

# bats test_tags=core
@test "ICMP echoes, IPv4 and IPv6, in one packet and in fragments" {
	begin
	for addr in 10.9.0.2 fd09::2; do
		in_ns "$client" "$traffic" icmp $addr 56 10
		in_ns "$client" "$traffic" icmp $addr 4000 10
	done
	finish
	same_flows "$server" eth0 ' icmp(v6)?:(0|8|128|129):4711 ' 4
	[ "$(sum packets '.netns.name=="'"$server"'" and .icmp.type==8')" = 40 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .icmp.type==0')" = 40 ]
}

@test "SCTP has ports" {
	begin
	in_ns "$client" "$traffic" sctp 10.9.0.2 10
	in_ns "$client" "$traffic" sctp fd09::2 10
	finish
	same_flows "$server" eth0 ' sctp '
	[ "$(final '.netns.name=="'"$server"'" and .proto=="sctp" and .src.port==5000 and .dst.port==6000' | wc -l)" = 2 ]
}

# a UDP datagram of 10 bytes behind these tags (hex), from 10.9.0.1:4711 to 10.9.0.2:9999
tagged() {
	in_ns "$client" "$traffic" raw eth0 "ffffffffffff020000000001${1}080045000026000040004011266b0a0900010a0900021267270f0012000030313233343536373839" "$2"
}

@test "VLAN and QinQ frames: the tags are told and counted" {
	begin
	tagged 81000005 10
	tagged 8100000581000007 11
	tagged 88a8200981000007 12
	tagged 8100000581000007 13
	finish
	same_flows "$server" eth0 ' udp ' 3
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="udp" and .vlan==5')" = 10 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="udp" and .vlan==[5,7]')" = 24 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="udp" and .vlan==[9,7]')" = 12 ]
	# The client's end sees them as they were sent, tags in the frame; the server's end has the outer tag taken off.
	[ "$(sum bytes '.netns.name=="'"$server"'" and .proto=="udp"')" = "$(sum bytes '.netns.name=="'"$client"'" and .proto=="udp"')" ]
}

@test "VLAN devices: TCP, UDP and ARP through 802.1Q, 802.1Q in 802.1Q, and 802.1ad" {
	ip -n "$client" link add link eth0 name try type vlan id 4 2>/dev/null || skip "this kernel has no VLAN devices"
	ip -n "$client" link del try
	for end in "$client 1" "$server 2"; do
		set -- $end
		ip -n "$1" link add link eth0 name v5 type vlan id 5
		ip -n "$1" link add link v5 name v57 type vlan id 7
		for dev in v5 v57; do ip -n "$1" link set $dev up; done
		ip -n "$1" addr add 10.5.0.$2/24 dev v5
		ip -n "$1" addr add 10.57.0.$2/24 dev v57
		ip -n "$1" link add link eth0 name ad9 type vlan proto 802.1ad id 9
		ip -n "$1" link set ad9 up
		ip -n "$1" addr add 10.99.0.$2/24 dev ad9
		# No neighbour is asked for again when tcpdump has ended and flowner has not.
		for dev in v5 v57 ad9; do in_ns "$1" sysctl -qw net.ipv4.neigh.$dev.delay_first_probe_time=100; done
	done
	serve
	begin
	for addr in 10.5.0.2 10.57.0.2 10.99.0.2; do
		in_ns "$client" "$FLOWNER" echo ping $addr:9000 -n 2 --size 20000 >/dev/null
		in_ns "$client" "$traffic" udp $addr 9999 100 10
	done
	finish
	same_flows "$server" eth0 ' (tcp|udp|arp) ' 20
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="udp" and .vlan==5')" = 10 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="udp" and .vlan==[5,7]')" = 10 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="udp" and .vlan==9')" = 10 ]
}

@test "whatever else is on the wire: ARP, other ethertypes, malformed headers" {
	begin
	ip -n "$client" neigh flush dev eth0
	in_ns "$client" "$traffic" udp 10.9.0.2 9999 10 1
	# LLDP; a 802.3 frame with LLC; IPv4 with a header length of 4 words; IPv6 that says version 4.
	in_ns "$client" "$traffic" raw eth0 0180c200000e02000000000188cc0207040200000000010403 3
	in_ns "$client" "$traffic" raw eth0 0180c2000000020000000001002642420300000000008000 4
	in_ns "$client" "$traffic" raw eth0 ffffffffffff020000000001080044000028000000004006000001010101020202020000000000000000 5
	in_ns "$client" "$traffic" raw eth0 ffffffffffff02000000000186dd45000000000000000000000000000000000000000000000000000000000000000000000000000000 6
	finish
	same_flows "$server" eth0 ' (arp|0x88cc) '
	[ "$(sum packets '.netns.name=="'"$server"'" and .ethertype=="0x88cc" and .proto=="other"')" = 3 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .ethertype=="0x0004" and .proto=="other"')" = 4 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="malformed" and .flaw=="length"')" = 5 ]
	[ "$(sum packets '.netns.name=="'"$server"'" and .proto=="malformed" and .flaw=="version"')" = 6 ]
	# Nothing is in no flow.
	[ "$(sum packets '.netns.name=="'"$server"'" and .direction=="ingress"')" -ge "$(dumped . | awk '$1 == "ingress" { n += $(NF - 1) } END { print n }')" ]
}

# bats test_tags=slow
@test "100,000 flows at once: every packet is in one of them" {
	flows_start --netns "$client" --strict
	before=$(ip netns exec "$client" cat /sys/class/net/eth0/statistics/tx_packets)
	in_ns "$client" "$traffic" udp-grid 10.9.0.1 10.9.0.2 20000 100000
	flows_stop
	sent=$(($(ip netns exec "$client" cat /sys/class/net/eth0/statistics/tx_packets) - before))
	[ "$(jq -c 'select(.final and .proto=="udp" and .src.addr=="10.9.0.1") | [.src.port, .dst.port]' "$flows_out" | sort -u | wc -l)" = 100000 ]
	[ "$(sum packets '.proto=="udp" and .src.addr=="10.9.0.1"')" = 200000 ]
	[ "$(sum bytes '.proto=="udp" and .src.addr=="10.9.0.1"')" = $((200000 * 52)) ]
	[ "$sent" -ge 200000 ]
}

# bats test_tags=slow
@test "a map of 1,000 entries and 10,000 flows: totals are right all the same" {
	flows_start --netns "$client" --map-size 1000 --strict
	in_ns "$client" "$traffic" udp-grid 10.9.0.1 10.9.0.2 1000 10000
	flows_stop
	[ "$(final '.proto=="udp" and .src.addr=="10.9.0.1"' | jq -c '[.src.port, .dst.port]' | sort -u | wc -l)" = 10000 ]
	[ "$(sum packets '.proto=="udp" and .src.addr=="10.9.0.1"')" = 20000 ]
	grep -q 'came through the ring' "$flows_err"
}

@test "a ring and a map too small: what was not counted is said, to the packet and the byte" {
	flows_start --netns "$client" --map-size 10 --ring-size 4K --strict
	kill -STOP "$flows"
	in_ns "$client" "$traffic" udp-grid 10.9.0.1 10.9.0.2 1000 10000
	kill -CONT "$flows"
	flows_stop 5
	set -- $(sed -nE 's/.*: ([0-9]+) packets, ([0-9]+) bytes went uncounted.*/\1 \2/p' "$flows_err")
	# Other packets (neighbour discovery) may have been lost too: those are few.
	seen=$(sum packets '.proto=="udp" and .src.addr=="10.9.0.1"')
	[ $((seen + $1)) -ge 20000 ] && [ $((seen + $1)) -le 20200 ]
}

@test "more flows than are to be kept: the rest is summed up" {
	flows_start --netns "$client" --max-flows 100 --strict
	in_ns "$client" "$traffic" udp-grid 10.9.0.1 10.9.0.2 1000 5000
	flows_stop
	[ "$(sum packets '.direction=="'"$(final '.src.addr=="10.9.0.1"' | jq -r .direction | head -n1)"'" and (.proto=="rest" or .src.addr=="10.9.0.1")')" -ge 10000 ]
	grep -q 'summed up as "rest"' "$flows_err"
}

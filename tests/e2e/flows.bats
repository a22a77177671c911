#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 -- c1 [br0 in NAME-sw1] r1 -- eth0 NAME-router eth1 -- r2 [br0 in NAME-sw2] s1 -- eth0 NAME-server
#   10.9.1.2                                       10.9.1.1         10.9.2.1                            10.9.2.2
#
# Whose flows they are, through bridges, a router and NAT; and what becomes of links that come and go.

load lib.bash
load flows_lib.bash

setup() {
	name=$(random_name w)
	client=$name-client sw1=$name-sw1 router=$name-router sw2=$name-sw2 server=$name-server
	traffic=$BATS_TEST_DIRNAME/traffic.py
}

teardown() {
	end_background
	remove_netns
}

# cable NS1 DEV1 NS2 DEV2
cable() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

switch() {
	new_netns "$1"
	ip -n "$1" link add br0 type bridge
	ip -n "$1" link set br0 up
}

plug() { # SWITCH PORT NS DEV
	cable "$1" "$2" "$3" "$4"
	ip -n "$1" link set "$2" master br0
}

routed() {
	new_netns "$client"
	new_netns "$router"
	new_netns "$server"
	switch "$sw1"
	switch "$sw2"
	plug "$sw1" c1 "$client" eth0
	plug "$sw1" r1 "$router" eth0
	plug "$sw2" r2 "$router" eth1
	plug "$sw2" s1 "$server" eth0
	ip -n "$client" addr add 10.9.1.2/24 dev eth0
	ip -n "$router" addr add 10.9.1.1/24 dev eth0
	ip -n "$router" addr add 10.9.2.1/24 dev eth1
	ip -n "$server" addr add 10.9.2.2/24 dev eth0
	ip -n "$client" route add default via 10.9.1.1
	ip -n "$server" route add default via 10.9.2.1
	in_ns "$router" sysctl -qw net.ipv4.ip_forward=1
	for end in "$client eth0" "$server eth0" "$router eth0" "$router eth1"; do
		set -- $end
		wait_for 10 up "$1" "$2"
	done
	wait_for 10 in_ns "$client" "$traffic" icmp 10.9.2.2 10 1
	mine=(--netns "$client" --netns "$router" --netns "$server")
}

up() {
	ip -n "$1" -br link show "$2" | grep -q ' UP '
}

serve() { # NETNS PORT
	background in_ns "$1" "$FLOWNER" echo serve "$2"
	serve=$bg
	wait_for 20 listening "$1" "$2"
}

tcp() {
	final '.proto=="tcp" and ('"$1"')'
}

# bats test_tags=core
@test "across a router, four links have the connection, with one id, both owners and the same path" {
	routed
	serve "$server" 9000
	flows_start "${mine[@]}"
	in_ns "$client" "$FLOWNER" echo ping 10.9.2.2:9000 --size 100000 >/dev/null
	flows_stop
	[ "$(tcp true | wc -l)" = 8 ]
	[ "$(tcp true | jq -r '"\(.netns.name):\(.link.name)"' | sort -u | paste -sd' ')" = "$sw1:c1 $sw1:r1 $sw2:r2 $sw2:s1" ]
	[ "$(tcp true | jq -r .conn | sort -u | wc -l)" = 1 ]
	[ "$(tcp true | jq -r .conn | head -n1 | wc -c)" = 17 ]
	# The same payload everywhere, in either direction.
	[ "$(tcp '.dst.port==9000' | jq .bytes | sort -u | wc -l)" -ge 1 ]
	[ "$(tcp '.dst.port==9000 and .owner.comm=="flowner" and .peer_owner.pid=='"$serve"' and .src_netns.name=="'"$client"'" and .dst_netns.name=="'"$server"'"' | wc -l)" = 4 ]
	[ "$(tcp '.src.port==9000 and .peer_owner.comm=="flowner" and .owner.pid=='"$serve" | wc -l)" = 4 ]
	[ "$(tcp '.state=="closed" and (has("partial")|not)' | wc -l)" = 8 ]
	[ "$(tcp true | jq -r '.path | map("\(.netns.name):\(.link)") | join(" ")' | sort -u)" = "$client:eth0 $sw1:c1 $sw1:br0 $sw1:r1 $router:eth0 $router:eth1 $sw2:r2 $sw2:br0 $sw2:s1 $server:eth0" ]
}

@test "a rule that drops every tenth packet: the links before it have more, by just what the rule counted" {
	routed
	background in_ns "$server" "$traffic" udp-echo 7000
	wait_for 10 sh -c "ip netns exec $server ss -Hlun 'sport = :7000' | grep -q ."
	in_ns "$router" nft 'table ip t { chain f { type filter hook forward priority 0; ip daddr 10.9.2.2 udp dport 7000 numgen inc mod 10 0 counter drop; }; }'
	flows_start "${mine[@]}"
	in_ns "$client" "$traffic" udp 10.9.2.2 7000 100 1000
	# The bytes are there, and answered, or dropped.
	wait_for 10 sh -c "ip netns exec $router nft list table ip t | grep -q 'packets 100 '"
	sleep_until_quiet "$server"
	flows_stop
	[ "$(sum packets '.link.name=="c1" and .dst.port==7000')" = 1000 ]
	[ "$(sum packets '.link.name=="r1" and .dst.port==7000')" = 1000 ]
	[ "$(sum packets '.link.name=="r2" and .dst.port==7000')" = 900 ]
	[ "$(sum packets '.link.name=="s1" and .dst.port==7000')" = 900 ]
}

# What was sent has been taken out of the UDP sockets of that namespace.
sleep_until_quiet() {
	wait_for 10 sh -c "ip netns exec $1 ss -Hlun | awk '{ sum += \$2 } END { exit sum != 0 }'"
}

# all_over NETNS: no connection is there, but for those that only keep their ports.
all_over() { [ -z "$(in_ns "$1" ss -tanH exclude listening exclude time-wait)" ]; }

@test "--by conn: what got lost on the way is what the rule dropped" {
	routed
	serve "$server" 9000
	in_ns "$router" nft 'table ip t { chain f { type filter hook forward priority 0; tcp dport 9000 numgen inc mod 10 0 counter drop; }; }'
	# Lost are segments, and the rule counts packets: let them be the same.
	in_ns "$client" ethtool -K eth0 tso off gso off
	flows_start "${mine[@]}" --by conn
	in_ns "$client" "$FLOWNER" echo ping 10.9.2.2:9000 -n 5 --size 20000 >/dev/null
	# A lost FIN, or the last acknowledgement, is still to come again.
	wait_for 20 all_over "$client"
	wait_for 20 all_over "$server"
	flows_stop
	dropped=$(in_ns "$router" nft list table ip t | sed -nE 's/.*packets ([0-9]+) .*/\1/p')
	[ "$dropped" -ge 3 ]
	# The last word on each: all five, with the way.
	jq -s -e 'map(select(.conn and .path)) | group_by(.conn) | map(last) |
		length == 5 and (map(.lost_packets // 0) | add) == '"$dropped" "$flows_out" ||
		{ echo "$dropped" >&2; jq -c 'select(.conn) | del(.netns, .link, .owner, .peer_owner)' "$flows_out" >&2; return 1; }
}

@test "DNAT and masquerade: one id on both sides, both tuples, as conntrack has them" {
	routed
	serve "$server" 9000
	in_ns "$router" nft -f - <<-'NFT'
		table ip n {
			chain pre { type nat hook prerouting priority -100; tcp dport 8080 dnat to 10.9.2.2:9000; }
			chain post { type nat hook postrouting priority 100; oif eth1 masquerade; }
		}
	NFT
	ip -n "$server" route del default
	flows_start "${mine[@]}"
	in_ns "$client" "$FLOWNER" echo ping 10.9.1.1:8080 -n 5 >/dev/null
	in_ns "$router" conntrack -L -p tcp 2>/dev/null >"$BATS_TEST_TMPDIR/conntrack"
	flows_stop
	[ "$(tcp true | wc -l)" = 40 ]
	[ "$(tcp true | jq -r .conn | sort | uniq -c | awk '$1==8' | wc -l)" = 5 ]
	# src dst sport dport before, and the tuple of the answer: what the server sees, turned around.
	sed -nE 's/.*src=([0-9.]+) dst=([0-9.]+) sport=([0-9]+) dport=([0-9]+) .*src=([0-9.]+) dst=([0-9.]+) sport=([0-9]+) dport=([0-9]+).*/\1:\3 \2:\4 \6:\8 \5:\7/p' \
		"$BATS_TEST_TMPDIR/conntrack" | sort >"$BATS_TEST_TMPDIR/nat"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/nat")" = 5 ]
	tcp '(.link.name=="c1" and .direction=="ingress") or (.link.name=="s1" and .direction=="egress")' |
		jq -rs 'group_by(.conn)[] | sort_by(.link.name) | map("\(.src.addr):\(.src.port) \(.dst.addr):\(.dst.port)") | join(" ")' |
		sort >"$BATS_TEST_TMPDIR/told"
	diff "$BATS_TEST_TMPDIR/nat" "$BATS_TEST_TMPDIR/told"
	[ "$(tcp '.peer_owner.pid=='"$serve"' and .owner.comm=="flowner"' | wc -l)" = 20 ]
	# A row a connection has both.
	"$FLOWNER" flows "${mine[@]}" --by conn -o json --once -i 2 >"$BATS_TEST_TMPDIR/conns" 2>"$BATS_TEST_TMPDIR/conns-err" &
	bg=$!
	BACKGROUND+=("$bg")
	wait_for 20 grep -q '^flowner: watching' "$BATS_TEST_TMPDIR/conns-err"
	in_ns "$client" sh -c "for i in 1 2 3 4 5 6; do $FLOWNER echo ping 10.9.1.1:8080 >/dev/null; sleep 0.2; done"
	wait "$bg"
	[ "$(jq -r 'select(.conn) | .tuples | map("\(.src.addr):\(.src.port) \(.dst.addr):\(.dst.port)") | length' "$BATS_TEST_TMPDIR/conns" | sort -u)" = 2 ]
}

# one_pair: NAME-client eth0 -- eth0 NAME-server, 10.9.0.1 and 10.9.0.2
one_pair() {
	pair "$name"
	mine=(--netns "$client" --netns "$server")
}

# bats test_tags=slow
@test "UDP: the sender's process, and the receiver's, which answers or only listens" {
	one_pair
	flows_start "${mine[@]}"
	background in_ns "$server" "$traffic" udp-echo 7000
	echo=$bg
	background in_ns "$server" sh -c "exec nc -u -l -k 7001 >/dev/null"
	silent=$bg
	wait_for 10 sh -c "[ \$(ip netns exec $server ss -Hlun | wc -l) -ge 2 ]"
	background in_ns "$client" sh -c "while :; do echo hello; sleep 0.1; done | exec nc -u 10.9.0.2 7000 >/dev/null"
	background in_ns "$client" sh -c "while :; do echo hello; sleep 0.1; done | exec nc -u 10.9.0.2 7001 >/dev/null"
	wait_for 20 told '.dst.port==7000 and .owner.comm=="nc" and .peer_owner.pid=='"$echo"' and .peer_owner.comm=="python3"'
	wait_for 20 told '.src.port==7000 and .owner.pid=='"$echo"' and .peer_owner.comm=="nc"'
	wait_for 20 told '.dst.port==7001 and .owner.comm=="nc" and .peer_owner.pid=='"$silent"
	flows_stop
}

@test "a connection older than the watching: owners, id, and marked partial" {
	one_pair
	serve "$server" 9000
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 7<>"$BATS_TEST_TMPDIR/in"
	background in_ns "$client" nc 10.9.0.2 9000 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/answers"
	nc=$bg
	echo before >&7
	wait_for 10 grep -q before "$BATS_TEST_TMPDIR/answers"
	flows_start "${mine[@]}"
	echo after >&7
	wait_for 10 grep -q after "$BATS_TEST_TMPDIR/answers"
	flows_stop
	exec 7>&-
	[ "$(tcp '.partial and .dst.port==9000 and .owner.pid=='"$nc"' and .peer_owner.pid=='"$serve"' and (.conn|length)==16' | wc -l)" = 1 ]
	[ "$(tcp '.partial and .src.port==9000 and .owner.pid=='"$serve"' and .peer_owner.pid=='"$nc" | wc -l)" = 1 ]
	[ "$(tcp true | jq -r .conn | sort -u | wc -l)" = 1 ]
}

@test "refused: reset, with who tried" {
	one_pair
	flows_start "${mine[@]}"
	in_ns "$client" nc -z 10.9.0.2 81 || true
	flows_stop
	[ "$(tcp '.dst.port==81 and .state=="reset" and .owner.comm=="nc" and .packets==1 and .tcp_flags=="S"' | wc -l)" = 1 ]
	[ "$(tcp '.src.port==81 and .state=="reset" and .tcp_flags=="AR" and .peer_owner.comm=="nc"' | wc -l)" = 1 ]
}

@test "the same ports again at once: two connections, two ids, the packets of each" {
	one_pair
	serve "$server" 9000
	flows_start "${mine[@]}"
	in_ns "$client" python3 - <<-'PY'
		import socket, struct
		for size in (10, 1000, 5):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.bind(("10.9.0.1", 33333))
		    s.connect(("10.9.0.2", 9000))
		    s.sendall(b"x" * size)
		    while size:
		        size -= len(s.recv(size))
		    s.close()
	PY
	flows_stop
	[ "$(tcp '.src.port==33333' | wc -l)" = 3 ]
	[ "$(tcp '.dst.port==33333' | wc -l)" = 3 ]
	[ "$(tcp true | jq -r .conn | sort | uniq -c | awk '$1==2' | wc -l)" = 3 ]
	# However many acknowledgements there were: headers of 66 bytes, and the payload.
	[ "$(tcp '.src.port==33333' | jq -s 'map(.bytes - 66 * .packets) | max - min')" = 995 ]
	[ "$(tcp '.state=="reset"' | wc -l)" = 6 ] || { tcp true | jq -c '[.conn,.direction,.src.port,.state,.tcp_flags,.packets,.first,.last]' >&2; return 1; }
}

# bats test_tags=core
@test "a flow ends: closed ones are told a last time, idle ones after --idle" {
	one_pair
	serve "$server" 9000
	flows_start "${mine[@]}" --idle 1 -i 0.2
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 >/dev/null
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 10 1
	wait_for 10 told '.final and .proto=="udp" and .dst.port==7000'
	wait_for 20 told '.final and .proto=="tcp" and .dst.port==9000'
	# Cumulative counters, each time it had packets, and once more.
	[ "$(jq -c 'select(.proto=="udp" and .dst.port==7000)' "$flows_out" | wc -l)" = 2 ]
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 10 1
	flows_stop
	[ "$(final '.proto=="udp" and .dst.port==7000' | wc -l)" -ge 2 ]
}

# bats test_tags=slow
@test "filters: port, host, family, process; the rest is counted as filtered" {
	one_pair
	serve "$server" 9000
	background in_ns "$server" "$FLOWNER" echo serve 9001
	wait_for 20 listening "$server" 9001
	for filter in '--port 9001' '--host 10.9.0.1/32 --port 9001 -4' '-6' '--comm flowner --port 9001' '--comm nobody' "--pid $serve"; do
		# shellcheck disable=SC2086
		flows_start "${mine[@]}" $filter
		in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 >/dev/null
		in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9001 >/dev/null
		in_ns "$client" "$FLOWNER" echo ping '[fd09::2]:9000' >/dev/null
		flows_stop
		case $filter in
		'--port 9001' | '--comm flowner --port 9001' | --host*) [ "$(final true | jq -c '[.proto, .family, .src.port + .dst.port > 9000]' | sort -u)" = '["tcp","ipv4",true]' ]
			[ "$(final true | wc -l)" = 2 ] ;;
		-6) [ "$(final true | jq -r .family | sort -u)" = ipv6 ] && [ "$(final '.proto=="tcp"' | wc -l)" = 2 ] ;;
		'--comm nobody') [ ! -s "$flows_out" ] ;;
		--pid*) [ "$(final true | wc -l)" = 4 ] && [ -z "$(final '.src.port==9001 or .dst.port==9001')" ] ;;
		esac
	done
}

# bats test_tags=slow
@test "one end of each pair is watched, the one in a bridge; --both-ends and --dev say otherwise" {
	routed
	# ends N ARGS…
	ends() {
		flows_start "${@:2}"
		flows_stop
		grep -q "^flowner: watching $1 link" "$flows_err" || { cat "$flows_err" >&2; return 1; }
	}
	ends 4 "${mine[@]}"
	ends 1 --netns "$client"
	ends 8 "${mine[@]}" --both-ends
	ends 4 "${mine[@]}" --dev eth0 --dev eth1
	ends 2 --netns "$sw1" --netns "$sw2" --dev br0
	ends 2 --netns "$client" --dev lo --dev eth0
}

@test "links and namespaces that come later are watched, and what is deleted is gone" {
	new_netns "$client"
	flows_start
	new_netns "$server"
	cable "$client" va "$server" vb
	ip -n "$client" addr add 10.9.9.1/24 dev va
	ip -n "$server" addr add 10.9.9.2/24 dev vb
	# A namespace without a name, of a process.
	background unshare -n sleep 100
	sleeper=$bg
	wait_for 5 sh -c "[ \"\$(readlink /proc/$sleeper/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	ip -n "$client" link add u type veth peer name v
	ip -n "$client" link set v netns "$sleeper"
	ip -n "$client" addr add 10.9.8.1/24 dev u
	ip -n "$client" link set u up
	nsenter -t "$sleeper" -n ip addr add 10.9.8.2/24 dev v
	nsenter -t "$sleeper" -n ip link set v up
	# Again and again: what passes before a link is watched is not told.
	background in_ns "$client" sh -c "while :; do $traffic icmp 10.9.9.2 10 1; $traffic icmp 10.9.8.2 10 1; sleep 0.1; done" 2>/dev/null
	pinging=$bg
	wait_for 10 told '.dst.addr=="10.9.9.2" and .icmp.type==8'
	inode=$(stat -Lc %i /proc/"$sleeper"/ns/net)
	wait_for 10 told '.dst.addr=="10.9.8.2" and .icmp.type==8 and (.netns.inode, .link.peer.netns.inode)=='"$inode"
	stop "$pinging" TERM || true
	# The namespace goes while its link is watched: nothing may keep it.
	ip netns del "$server"
	wait_for 10 sh -c "! ip -n $client link show va 2>/dev/null"
	kill "$sleeper"
	wait_for 10 sh -c "! ip -n $client link show u 2>/dev/null"
	flows_stop
	[ "$(sum packets '.dst.addr=="10.9.9.2" and .icmp.type==8')" -ge 1 ]
	# The last that is said of a flow knows it too, although both ends are gone.
	[ "$(final '.dst.addr=="10.9.8.2" and .icmp.type==8' | jq '.netns.inode, .link.peer.netns.inode' | grep -c "^$inode$")" -ge 1 ]
	[ -z "$(final 'select(.link.name=="va" or .link.name=="vb") | .partial')" ]
}

memory() {
	awk '/VmRSS/ { print $2 }' /proc/"$flows"/status
}

# bats test_tags=slow
@test "500 veths made and deleted while traffic runs: none is missed, nothing is left" {
	one_pair
	# Under AddressSanitizer freed memory would stay in quarantine.
	export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1
	flows_start "${mine[@]}" -i 0.1
	background in_ns "$server" sh -c "exec iperf3 -s -1 >/dev/null"
	wait_for 20 listening "$server" 5201
	background in_ns "$client" sh -c "exec iperf3 -c 10.9.0.2 -b 100M -t 200 >/dev/null"
	fds=$(ls /proc/"$flows"/fd | wc -l)
	programs=$(programs_of "$flows" | wc -l)
	in_ns "$client" "$traffic" churn 4 10 "$flows_out"
	rss=$(memory)
	in_ns "$client" "$traffic" churn 46 10 "$flows_out"
	wait_for 10 sh -c "[ \$(ls /proc/$flows/fd | wc -l) -le $fds ]"
	# Some for the flows that have just ended; not 20 kB a link, which programs left behind would be.
	[ $(($(memory) - rss)) -lt 8000 ]
	[ "$(programs_of "$flows" | wc -l)" = "$programs" ]
	flows_stop
	# x1 to x460, the first 40 twice: one end of each was watched in time.
	missed=$(comm -13 <(final '.ethertype=="0x88b5"' | jq -r .link.name | tr -d xy | sort -u) <(seq 460 | sort) | paste -sd' ')
	[ -z "$missed" ] || { echo "missed: $missed" >&2; head -20 "$flows_err" >&2; return 1; }
}

@test "killed with SIGKILL nothing of it is left; two at once count the same" {
	one_pair
	flows_start "${mine[@]}"
	programs=$(programs_of "$flows")
	[ "$(wc -w <<<"$programs")" -ge 4 ]
	# Without tcx (before 6.6) filters stay, and hold them: the next test is about those.
	! has_filters || programs=
	stop "$flows" KILL || true
	for id in $programs; do
		wait_for 10 gone "$id"
	done
	flows_start "${mine[@]}"
	first=$flows first_out=$flows_out
	flows_start "${mine[@]}"
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 100 1000
	flows_stop
	[ "$(sum packets '.dst.port==7000')" = 1000 ]
	flows=$first flows_out=$first_out
	flows_stop
	[ "$(sum packets '.dst.port==7000')" = 1000 ]
}

has_filters() {
	tc -n "$client" qdisc show dev eth0 | grep -q clsact || tc -n "$server" qdisc show dev eth0 | grep -q clsact
}

# The ids of the BPF programs that a process holds.
programs_of() {
	sed -n 's/^prog_id:[^0-9]*//p' /proc/"$1"/fdinfo/* | sort -u
}

# No program has that id any more.
gone() {
	! bpftool prog show id "$1" 2>/dev/null
}

@test "clsact, killed with SIGKILL: the next one removes what was left" {
	one_pair
	flows_start "${mine[@]}" --disable-feature tcx
	stop "$flows" KILL || true
	dev=$(for ns in "$client" "$server"; do tc -n "$ns" filter show dev eth0 ingress | grep -q flowner && echo "$ns"; done || true)
	[ -n "$dev" ]
	flows_start "${mine[@]}" --disable-feature tcx
	in_ns "$client" "$traffic" udp 10.9.0.2 7000 100 10
	[ "$(tc -n "$dev" filter show dev eth0 ingress | grep -c 'flowner_in')" = 1 ]
	flows_stop
	[ "$(sum packets '.dst.port==7000')" = 10 ]
	refute grep -q flowner <(tc -n "$dev" filter show dev eth0 ingress)
}

# bats test_tags=slow
@test "tables: flows, and sums by veth, namespace, connection; --top, --sort, --columns" {
	one_pair
	serve "$server" 9000
	table() {
		"$FLOWNER" -q flows "${mine[@]}" --once -i 1 "$@" >"$BATS_TEST_TMPDIR/table" &
		bg=$!
		BACKGROUND+=("$bg")
		for i in 1 2 3 4 5 6; do
			in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --size 100000 >/dev/null
			in_ns "$client" "$traffic" udp 10.9.0.2 7000 10 3
			sleep 0.15
		done
		wait "$bg"
	}
	table
	grep -qE "^NETNS +LINK +DIR +PROTO +SOURCE" "$BATS_TEST_TMPDIR/table"
	grep -qE "tcp +10\.9\.0\.1:[0-9]+ +10\.9\.0\.2:9000 +(open|closed) .* flowner\[[0-9]+\] +$server/flowner\[$serve\]" "$BATS_TEST_TMPDIR/table"
	table --top 2 --sort bytes --no-header --columns bytes,proto
	[ "$(wc -l <"$BATS_TEST_TMPDIR/table")" = 2 ]
	[ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/table" | sort -u)" = tcp ]
	table --by veth
	[ "$(grep -c 'eth0' "$BATS_TEST_TMPDIR/table")" = 1 ]
	table --by netns
	grep -q "^$client " "$BATS_TEST_TMPDIR/table" && grep -q "^$server " "$BATS_TEST_TMPDIR/table"
	table --by conn
	grep -q "$client:eth0 → $server:eth0" "$BATS_TEST_TMPDIR/table"
	table --by container
	grep -q '^-' "$BATS_TEST_TMPDIR/table"
}

@test "wrong usage: one line that says what is wrong, exit 2" {
	for args in '--by nothing' '--sort nothing' '--columns nothing' '--interval 0' '--top 0' '--netns nowhere' '--dev waytoolongforaname' \
		'--idle x' 'operand' '--by conn --columns bytes' '--map-size 0'; do
		# shellcheck disable=SC2086
		run "$FLOWNER" flows $args
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 1 ]
		[[ ${lines[0]} == flowner:* ]]
	done
}

@test "a reader that has had enough ends it cleanly" {
	one_pair
	background in_ns "$client" sh -c "while :; do $traffic udp 10.9.0.2 7000 100 10; sleep 0.1; done"
	timeout 20 bash -c "'$FLOWNER' flows ${mine[*]} -i 0.1 -o json 2>'$BATS_TEST_TMPDIR/err' | head -n 3 >'$BATS_TEST_TMPDIR/out'; echo \${PIPESTATUS[0]} >'$BATS_TEST_TMPDIR/status'"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 3 ]
	[ "$(cat "$BATS_TEST_TMPDIR/status")" = 0 ]
}

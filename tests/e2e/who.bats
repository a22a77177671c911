#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   pair:    NAME-client eth0 ---- eth0 NAME-server
#   router:  NAME-client eth0 ---- c0 NAME-router s0 ---- eth0 NAME-server
#   switch:  NAME-client eth0 ---- c0 [br0 of NAME-switch] s0 ---- eth0 NAME-server
#
# What `who` tells, against ss, conntrack and what the test itself has made. All else on the machine shows up too and is
# left out by the names of namespaces.

bats_require_minimum_version 1.5.0

load lib.bash

setup() {
	name=$(random_name w)
	client=$name-client server=$name-server
	cd "$BATS_TEST_DIRNAME/../.."
	out=$BATS_TEST_TMPDIR/who
}

teardown() {
	end_background
	remove_netns
}

# states CLIENT SERVER CLIENT-ADDRESS SERVER-ADDRESS: a socket in every state.
states() {
	local said=$BATS_TEST_TMPDIR/states.$RANDOM
	mkfifo "$said.in"
	exec {hold}<>"$said.in" # which never ends
	background python3 tests/e2e/who_states.py "$@" <"$said.in" >"$said"
	wait_for 30 grep -q ready "$said"
}

# talker NETNS ARGS…: who_proxy.py there, until it is ready; its pid in $bg.
talker() {
	local said=$BATS_TEST_TMPDIR/talker.$RANDOM$RANDOM
	background in_ns "$1" python3 tests/e2e/who_proxy.py "${@:2}" >"$said"
	wait_for 30 grep -q ready "$said"
}

# who ARGS…: its JSON in $out.
who() {
	"$FLOWNER" who -o json "$@" >"$out"
	jq -e . "$out" >/dev/null
}

# expect_rows N FILTER
expect_rows() {
	local n
	n=$(jq -c "select($2)" "$out" | wc -l)
	[ "$n" = "$1" ] && return
	echo "expected $1, found $n: $2" >&2
	head -c 8000 "$out" >&2
	return 1
}

# switched NAME: the two on a switch, which is a namespace too.
switched() {
	new_netns "$client"
	new_netns "$server"
	new_netns "$name-switch"
	ip -n "$name-switch" link add br0 type bridge
	ip -n "$name-switch" link set br0 up
	for end in client server; do
		ip link add eth0 netns "$name-$end" type veth peer name "${end:0:1}0" netns "$name-switch"
		ip -n "$name-switch" link set "${end:0:1}0" master br0 up
		ip -n "$name-$end" link set eth0 up
		ip -n "$name-$end" link set lo up
	done
	ip -n "$client" addr add 10.9.0.1/24 dev eth0
	ip -n "$server" addr add 10.9.0.2/24 dev eth0
}

# routed: the two behind a router, which gives its own port 80 to the server's 9000, and its own address to the client.
routed() {
	local end n=0
	new_netns "$client"
	new_netns "$server"
	new_netns "$name-router"
	in_ns "$name-router" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	for end in client server; do
		n=$((n + 1))
		ip link add eth0 netns "$name-$end" type veth peer name "${end:0:1}0" netns "$name-router"
		ip -n "$name-router" addr add "10.9.$n.254/24" dev "${end:0:1}0"
		ip -n "$name-router" link set "${end:0:1}0" up
		ip -n "$name-$end" addr add "10.9.$n.1/24" dev eth0
		ip -n "$name-$end" link set eth0 up
		ip -n "$name-$end" link set lo up
		ip -n "$name-$end" route add default via "10.9.$n.254"
	done
	in_ns "$name-router" nft -f - <<-NFT
		table ip nat {
			chain pre { type nat hook prerouting priority -100; tcp dport 80 dnat to 10.9.2.1:9000; }
			chain post { type nat hook postrouting priority 100; oifname "s0" masquerade; }
		}
	NFT
}

# bats test_tags=core
@test "every socket that ss lists, in every state, over IPv4" {
	pair "$name"
	states "$client" "$server" 10.9.0.1 10.9.0.2
	python3 tests/e2e/who_witness.py "$FLOWNER" "$client" "$server"
	who "$client" "$server"
	state() { echo ".client.state == \"$1\" and .server.state == \"$2\" and .server.local.port == $3"; }
	expect_rows 1 "$(state ESTABLISHED ESTABLISHED 9101) and .client.tx_bytes == 5 and .server.rx_bytes == 5 and .conn and (.stitched | not)"
	expect_rows 1 '.end.state == "TIME_WAIT" and .end.remote.port == 9102 and .end.held == "nobody" and (.conn | not)'
	expect_rows 1 "$(state FIN_WAIT2 CLOSE_WAIT 9103) and .client.owner.comm == \"python3\" and (.stitched | not)"
	expect_rows 1 "$(state FIN_WAIT2 CLOSE_WAIT 9104) and .client.held == \"nobody\" and .stitched == \"tuple\" and .conn"
	expect_rows 1 '.client.state == "SYN_SENT" and .client.remote.port == 9105 and (.server | not)'
	expect_rows 1 "$(state SYN_SENT SYN_RECV 9106) and .stitched == \"tuple\" and .server.held == \"queue\""
	expect_rows 1 "$(state FIN_WAIT1 ESTABLISHED 9107) and .client.held == \"nobody\" and (.stitched | not)"
	expect_rows 1 "$(state FIN_WAIT2 LAST_ACK 9108) and .server.held == \"nobody\""
	expect_rows 1 "$(state CLOSING FIN_WAIT1 9109)"
	expect_rows 3 "$(state ESTABLISHED ESTABLISHED 9110) and .server.held == \"queue\" and .server.owner.source == \"listen\""
	expect_rows 1 "$(state FIN_WAIT1 ESTABLISHED 9111) and .client.held == \"nobody\" and (.stitched | not)"
	expect_rows 13 .
}

@test "every socket that ss lists, in every state, over IPv6" {
	pair "$name"
	states "$client" "$server" fd09::1 fd09::2
	python3 tests/e2e/who_witness.py "$FLOWNER" "$client" "$server"
	who "$client" "$server"
	expect_rows 13 '[.client, .server, .end | values | .local.addr] - ["fd09::1", "fd09::2"] == []'
	expect_rows 3 '.stitched == "tuple" or .end'
}

@test "the same addresses and ports in two networks are never mixed up" {
	pair "$name"
	first=$client second=$(random_name w)
	pair "$second"
	states "$client" "$server" 10.9.0.1 10.9.0.2
	states "$second-client" "$second-server" 10.9.0.1 10.9.0.2
	who "$first" "$server" "$second-client" "$second-server"
	expect_rows 26 .
	expect_rows 0 '.client and .server and (.client.netns.name | split("-")[0]) != (.server.netns.name | split("-")[0])'
	# All tuples are the same.
	[ "$(jq -c 'select(.client and .server) | [.client.local, .client.remote]' "$out" | sort | uniq -c | awk '{ print $1 }' | sort -u)" = 2 ]
	expect_rows 22 '.client and .server'
	expect_rows 4 '.stitched == "tuple"'
}

@test "loopback: reversed tuples in one namespace" {
	pair "$name"
	states "$server" "$server" 10.9.0.2 10.9.0.2
	python3 tests/e2e/who_witness.py "$FLOWNER" "$server"
	who "$server"
	expect_rows 1 '.stitched == "tuple" and .client.state == "FIN_WAIT2" and .server.local.port == 9104'
	expect_rows 0 '.path'
}

# bats test_tags=core
@test "through DNAT and masquerade: both tuples, as conntrack has them, and the way" {
	routed
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.1.254:80 --hold 60 -n 3 -c 3
	all() { [ "$(in_ns "$server" ss -Htn state established | wc -l)" = 3 ]; }
	wait_for 20 all
	who "$client->$server"
	expect_rows 3 '.nat == true and (.stitched | not) and .client.remote == {"addr": "10.9.1.254", "port": 80}'
	expect_rows 3 '.server.local == {"addr": "10.9.2.1", "port": 9000} and .server.remote.addr == "10.9.2.254"'
	jq -r '"src=\(.client.local.addr) dst=\(.client.remote.addr) sport=\(.client.local.port) dport=\(.client.remote.port) src=\(.server.local.addr) dst=\(.server.remote.addr) sport=\(.server.local.port) dport=\(.server.remote.port)"' "$out" | sort >"$BATS_TEST_TMPDIR/has"
	in_ns "$name-router" conntrack -L -p tcp 2>/dev/null | grep -oE 'src=.*dport=[0-9]+' | sed 's/ *\[[A-Z]*\] */ /g; s/  */ /g' | sort >"$BATS_TEST_TMPDIR/wants"
	diff "$BATS_TEST_TMPDIR/has" "$BATS_TEST_TMPDIR/wants"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/wants")" = 3 ]
	[ "$(jq -r '[.path[].link] | join(" ")' "$out" | sort -u)" = "eth0 c0 s0 eth0" ]
	# One of them, by the id that it has at both ends.
	who "$(jq -r .conn "$out" | head -n1 | cut -c1-8)"
	expect_rows 1 .
	"$FLOWNER" who "$client" --columns path --no-header | sort -u | diff - <(echo "$client:eth0 → $name-router:c0 → $name-router:s0 → $server:eth0")
	"$FLOWNER" who "$client" --columns client-addr,server-addr --no-header >"$BATS_TEST_TMPDIR/table"
	[ "$(grep -cE '^10\.9\.1\.1:[0-9]+→10\.9\.2\.254:[0-9]+ +10\.9\.1\.254:80→10\.9\.2\.1:9000$' "$BATS_TEST_TMPDIR/table")" = 3 ]
}

@test "the way through a switch" {
	switched
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 60
	one() { [ -n "$(in_ns "$client" ss -Htn state established)" ]; }
	wait_for 20 one
	"$FLOWNER" who "$client" --columns path --no-header | diff - <(echo "$client:eth0 → c0 → br0 → s0 → $server:eth0")
	# The server on another switch: by one pair between the two there is a way, by two it is not known which.
	ip -n "$name-switch" link add br1 type bridge
	ip -n "$name-switch" link set br1 up
	ip -n "$name-switch" link set s0 master br1
	ip -n "$name-switch" link add x0 type veth peer name x1
	ip -n "$name-switch" link set x0 master br0 up
	ip -n "$name-switch" link set x1 master br1 up
	"$FLOWNER" who "$client" --columns path --no-header | diff - <(echo "$client:eth0 → c0 → br0 → x0 → x1 → br1 → s0 → $server:eth0")
	ip -n "$name-switch" link add y0 type veth peer name y1
	ip -n "$name-switch" link set y0 master br0 down
	ip -n "$name-switch" link set y1 master br1 down
	"$FLOWNER" who "$client" --columns path --no-header | diff - <(echo "$client:eth0 → c0 → br0 → x0 → x1 → br1 → s0 → $server:eth0")
	ip -n "$name-switch" link set br0 down # no loop to storm in
	ip -n "$name-switch" link set br1 down
	ip -n "$name-switch" link set y0 up
	ip -n "$name-switch" link set y1 up
	"$FLOWNER" who "$client" --columns path --no-header | diff - <(echo -)
}

@test "queries of every form" {
	pair "$name"
	background in_ns "$server" "$FLOWNER" echo serve 9000
	server_pid=$bg
	wait_for 20 listening "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 60
	client_pid=$bg
	background in_ns "$client" "$FLOWNER" echo ping '[fd09::2]:9000' --hold 60
	two() { [ "$(in_ns "$client" ss -Htn state established | wc -l)" = 2 ]; }
	wait_for 20 two
	inode=$(stat -c %i "/run/netns/$server")
	count() { "$FLOWNER" who -o json "$@" --netns "$client" 2>/dev/null | wc -l; }
	for q in "$client" "$server" "$inode" :9000 "pid:$server_pid" "$client->$server" "*->$server" "$client->:9000" 10.9.0.0/24\ fd09::/64 flowner; do
		# shellcheck disable=SC2086
		[ "$(count $q)" = 2 ] || { echo "$q: $(count "$q")" >&2; return 1; }
	done
	for q in "pid:$client_pid" 10.9.0.2 10.9.0.1 10.9.0.2:9000 fd09::2 '[fd09::2]' '[fd09::2]:9000' '10.9.0.1->10.9.0.2:9000' "fd09::1->"; do
		[ "$(count "$q")" = 1 ] || { echo "$q: $(count "$q")" >&2; return 1; }
	done
	for q in :9001 10.9.0.3 "$server->$client" '10.9.0.2:9000->' "$client-" ffffffff; do
		[ "$(count "$q")" = 0 ] || { echo "$q: $(count "$q")" >&2; return 1; }
	done
	[ "$("$FLOWNER" who -o json "$client" -4 | wc -l)" = 1 ]
	[ "$("$FLOWNER" who -o json "$client" -6 | wc -l)" = 1 ]
	[ "$("$FLOWNER" who -o json "$client" --pid "$client_pid" | wc -l)" = 1 ]
	[ "$("$FLOWNER" who -o json "$client" --host 10.9.0.0/24 | wc -l)" = 1 ]
	[ "$("$FLOWNER" who "$client" --no-header --sort client --columns client-addr,state | wc -l)" = 2 ]
}

@test "what finds nothing says so and exits with 6, what is wrong with 2" {
	new_netns "$client"
	run --separate-stderr "$FLOWNER" who "$client"
	[ "$status" = 6 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"found no connection"* ]]
	run "$FLOWNER" who --listening --netns "$client"
	[ "$status" = 6 ]
	for wrong in :0 :x 10.0.0.300 'a->b->c' '[::1' pid:x '' web:80; do
		run "$FLOWNER" who "$wrong"
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 1 ]
	done
	run "$FLOWNER" who --sort size
	[ "$status" = 2 ]
	run "$FLOWNER" who --columns queue
	[ "$status" = 2 ]
}

@test "--listening: who listens, and how many wait to be accepted; with --udp as ss -uanp" {
	pair "$name"
	background in_ns "$server" python3 -c '
import signal, socket
a = socket.create_server(("10.9.0.2", 9000), backlog=5)
b = socket.create_server(("::", 9001), family=socket.AF_INET6)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("10.9.0.2", 5353))
v = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); v.connect(("fd09::1", 53))
signal.pause()'
	pid=$bg
	wait_for 20 listening "$server" 9001
	udp() { [ "$(in_ns "$server" ss -Huan | wc -l)" = 2 ]; }
	wait_for 20 udp
	background in_ns "$client" python3 -c '
import signal, socket
c = [socket.create_connection(("10.9.0.2", 9000)) for _ in range(4)]
signal.pause()'
	waiting() { [ "$(in_ns "$server" ss -Hltn 'sport = :9000' | awk '{ print $2 }')" = 4 ]; }
	wait_for 20 waiting
	python3 tests/e2e/who_witness.py "$FLOWNER" "$client" "$server"
	who --listening --udp --netns "$server"
	expect_rows 3 ".owner.pid == $pid"
	expect_rows 1 '.type == "listen" and .local == {"addr": "10.9.0.2", "port": 9000} and .backlog == {"used": 4, "max": 5}'
	expect_rows 1 '.type == "listen" and .local == {"addr": "::", "port": 9001} and .backlog.used == 0'
	expect_rows 1 '.type == "udp" and .local.port == 5353 and (.remote | not)'
	who --udp --netns "$server"
	expect_rows 2 '.type == "udp"'
	expect_rows 1 '.type == "udp" and .remote == {"addr": "fd09::1", "port": 53}'
	expect_rows 4 '.type == "connection" and .server.held == "queue"'
	"$FLOWNER" who -l "$server" --no-header | grep -qE "^tcp +$server +10\.9\.0\.2:9000 +4/5 +python3\[$pid\] +-"
	[ "$("$FLOWNER" who "$client" --no-header | grep -c '(queued)')" = 4 ]
}

@test "a socket that several processes hold is shown once, with all of them" {
	pair "$name"
	background in_ns "$server" python3 -c '
import os, signal, socket
a = socket.create_server(("10.9.0.2", 9000))
s = a.accept()[0]
for _ in range(3):
    if os.fork() == 0:
        break
signal.pause()'
	pid=$bg
	wait_for 20 listening "$server" 9000
	background in_ns "$client" python3 -c '
import signal, socket
c = socket.create_connection(("10.9.0.2", 9000))
signal.pause()'
	four() { [ "$(pgrep -cP "$pid")" = 3 ]; }
	wait_for 20 four
	for p in $(pgrep -P "$pid"); do BACKGROUND+=("$p"); done
	python3 tests/e2e/who_witness.py "$FLOWNER" "$client" "$server"
	who "$server"
	expect_rows 1 .
	pids=$({ echo "$pid"; pgrep -P "$pid"; } | sort -n | paste -sd,)
	expect_rows 1 ".server.owner.pid == $pid and .server.shared == 3 and .server.pids == [$pids]"
	who "pid:$(pgrep -P "$pid" | tail -n1)"
	expect_rows 1 .
	who --pid "$(pgrep -P "$pid" | tail -n1)"
	expect_rows 1 .
	"$FLOWNER" who "$server" --no-header --columns server | grep -qxF "$server/python3[$pid]+3"
}

@test "a proxy in the middle: both real ends, where it is certain which belong together" {
	routed
	talker "$server" serve 9000
	talker "$name-router" proxy 8080 10.9.2.1 9000
	proxy=$bg
	talker "$client" talk 10.9.1.254 8080 1000
	who "$client"
	expect_rows 1 ".client.netns.name == \"$client\" and .server.netns.name == \"$server\" and .via.owner.pid == $proxy"
	expect_rows 1 '.via.owner.comm == "docker-proxy" and .via.front.conn == .conn and .via.back.conn != .conn'
	expect_rows 1 '.client.local == .via.front.remote and .server.remote == .via.back.local and (.nat | not)'
	python3 tests/e2e/who_witness.py "$FLOWNER" "$client" "$name-router" "$server"
	# The back's id finds it too.
	who "$(jq -r .via.back.conn "$out")"
	expect_rows 1 .
	"$FLOWNER" who "$client->$server" --no-header | grep -q " via docker-proxy\[$proxy\]"
	# By their numbers of bytes.
	talker "$client" talk 10.9.1.254 8080 2000 3000 3000
	who "$client->$server"
	expect_rows 2 '.via'
	[ "$(jq -r .server.rx_bytes "$out" | sort -n | paste -sd' ')" = "1000 2000" ]
	# Which of the two with 3000 is which nobody can know.
	who --netns "$name-router"
	expect_rows 6 .
	expect_rows 2 '.via'
	expect_rows 2 '(.via | not) and .server.owner.comm == "docker-proxy"'
	expect_rows 2 '(.via | not) and .client.owner.comm == "docker-proxy"'
}

# numbers NETNS: of the one connection there, as `ss` knows them.
numbers() {
	in_ns "$1" ss -Htine state established | tr ' ' '\n' | sed -nE 's/^(sk|bytes_sent|bytes_received|lastsnd|lastrcv|minrtt):/\1 /p'
}

# number NAME: of what numbers() said, on its input; 0 if it said none.
number() {
	awk -v name="$1" '$1 == name { v = $2 } END { print v ? v : 0 }'
}

@test "bytes, idle time, the shortest RTT and cookies are those of ss" {
	pair "$name"
	background in_ns "$server" python3 -c '
import signal, socket
a = socket.create_server(("10.9.0.2", 9000)).accept()[0]
a.recv(100000, socket.MSG_WAITALL)
a.sendall(bytes(7))
signal.pause()'
	wait_for 20 listening "$server" 9000
	background in_ns "$client" python3 -c '
import signal, socket
c = socket.create_connection(("10.9.0.2", 9000))
c.sendall(bytes(100000))
c.recv(7, socket.MSG_WAITALL)
signal.pause()'
	answered() { [ "$(numbers "$client" | number bytes_received)" = 7 ]; }
	wait_for 20 answered
	for end in client server; do
		numbers "$name-$end" >"$BATS_TEST_TMPDIR/before"
		who "$client"
		numbers "$name-$end" >"$BATS_TEST_TMPDIR/after"
		mine() { jq -r ".$end.$1 // 0" "$out"; }
		[ "$(mine tx_bytes)" = "$(number bytes_sent <"$BATS_TEST_TMPDIR/before")" ]
		[ "$(mine rx_bytes)" = "$(number bytes_received <"$BATS_TEST_TMPDIR/before")" ]
		[ "$(printf %x "$(mine cookie)")" = "$(number sk <"$BATS_TEST_TMPDIR/before")" ]
		awk -v us="$(mine min_rtt_us)" -v ms="$(number minrtt <"$BATS_TEST_TMPDIR/before")" 'BEGIN { exit us != sprintf("%.0f", ms * 1000) }'
		idle() { awk '/^last/ { if (!n++ || $2 < least) least = $2 } END { print least + 0 }' "$1"; }
		# A jiffy, of up to 10 ms, either way.
		[ "$(mine idle_ms)" -ge $(($(idle "$BATS_TEST_TMPDIR/before") - 10)) ]
		[ "$(mine idle_ms)" -le $(($(idle "$BATS_TEST_TMPDIR/after") + 10)) ]
	done
}

@test "the end of a connection with another host is shown alone" {
	pair "$name"
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 60
	one() { [ -n "$(in_ns "$server" ss -Htn state established)" ]; }
	wait_for 20 one
	# Its other end goes without a word.
	in_ns "$server" ip link set eth0 down
	kill -KILL "$bg"
	gone() { "$FLOWNER" who "$server" -o json | jq -e '(.client | not) and .server' >/dev/null; }
	ip netns del "$client"
	wait_for 20 gone
	who "$server"
	expect_rows 1 '.server.state == "ESTABLISHED" and .conn and .server.remote.addr == "10.9.0.1"'
}

@test "who leaves nothing behind" {
	pair "$name"
	before=$(bpftool -j link show | jq length)
	"$FLOWNER" who "$client" || [ $? = 6 ]
	[ "$(bpftool -j link show | jq length)" = "$before" ]
	inode=$(stat -c %i "/run/netns/$client")
	ip netns del "$client"
	[ ! -e "/run/netns/$client" ]
	refute sh -c "lsns -t net -o NS -n | grep -qx ' *$inode'"
}

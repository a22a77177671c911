#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1 fd09::1      10.9.0.2 fd09::2
#
# One TCP situation a test: the right event and reason each.

load lib.bash

setup() {
	name=$(random_name c)
	pair "$name"
	client=$name-client server=$name-server
	tracing=()
}

teardown() {
	end_background
	remove_netns
}

# tcp_case CASE [ADDR]: make it happen, under a trace of just these two namespaces, with $tracing.
tcp_case() {
	trace_start "${tracing[@]}" --netns "$client" --netns "$server"
	out=$(python3 "$BATS_TEST_DIRNAME/tcp_cases.py" "$client" "$server" "${2:-10.9.0.2}" 7000 "$1")
	wait_for 20 no_connection "$client" "$server"
	trace_stop
}

is_client='.role=="client"'
is_server='.role=="server"'

# bats test_tags=core
@test "client closes first: bytes, both ends fin, one id" {
	tcp_case client_closes_first
	expect 1 '.type=="listen" and .backlog==7 and .local.port==7000'
	expect 1 '.type=="connect" and .local.port=='"$out"
	expect 1 '.type=="accept" and .remote.port=='"$out"
	expect 1 ".type==\"close\" and $is_client and .reason==\"fin\" and .tx_bytes==100 and .rx_bytes==40"
	expect 1 ".type==\"close\" and $is_server and .reason==\"fin\" and .tx_bytes==40 and .rx_bytes==100"
	[ "$(jq -r 'select(.conn).conn' "$trace_out" | sort -u | wc -l)" = 1 ]
	expect 0 '.type=="reset" or .type=="connect-failed"'
}

# bats test_tags=core
@test "the same over IPv6" {
	tcp_case client_closes_first fd09::2
	expect 1 '.type=="connect" and .family=="ipv6" and .local.addr=="fd09::1" and .remote.addr=="fd09::2"'
	expect 1 '.type=="accept" and .family=="ipv6" and .peer.local.addr=="fd09::1"'
	expect 2 '.type=="close" and .reason=="fin"'
}

@test "server closes first" {
	tcp_case server_closes_first
	expect 2 '.type=="close" and .reason=="fin"'
	expect 1 ".type==\"close\" and $is_server and .tx_bytes==40 and .rx_bytes==100"
	expect 1 ".type==\"close\" and $is_client and .tx_bytes==100 and .rx_bytes==40"
}

@test "half-close: the other direction goes on, all of it counted" {
	tcp_case half_close
	expect 2 '.type=="close" and .reason=="fin"'
	expect 1 ".type==\"close\" and $is_server and .tx_bytes==70040 and .rx_bytes==100"
	expect 1 ".type==\"close\" and $is_client and .tx_bytes==100 and .rx_bytes==70040"
}

# bats test_tags=core
@test "reset by the client" {
	tcp_case client_resets
	expect 2 '.type=="close" and .reason=="reset"'
	expect 1 ".type==\"reset\" and .by==\"local\" and $is_client"
	expect 1 ".type==\"reset\" and .by==\"remote\" and $is_server"
}

@test "reset by the server" {
	tcp_case server_resets
	expect 2 '.type=="close" and .reason=="reset"'
	expect 1 ".type==\"reset\" and .by==\"local\" and $is_server"
	expect 1 ".type==\"reset\" and .by==\"remote\" and $is_client"
}

@test "close with data unread is a reset, and says so" {
	tcp_case unread_data
	expect 1 ".type==\"close\" and $is_server and .reason==\"reset\""
	expect 1 ".type==\"close\" and $is_client and .reason==\"reset\""
	expect 1 ".type==\"reset\" and .by==\"local\" and $is_server"
}

@test "data for a socket that was closed: reset, not fin" {
	tcp_case data_after_close
	expect 1 ".type==\"reset\" and .by==\"remote\" and $is_client"
	expect 1 ".type==\"close\" and $is_client and .reason==\"reset\""
}

# The kernel counts such bytes among those it has sent, each time.
# bats test_tags=core
@test "segments dropped by a rule of the sender's own host: bytes count once, role and id are known all the same" {
	ends() { # ROLE SENT RECEIVED
		expect 1 ".type==\"close\" and .role==\"$1\" and .tx_bytes==$2 and .rx_bytes==$3 and .reason==\"fin\""
	}
	tcp_case refused_here </dev/null
	ends client 80100 4040
	ends server 4040 80100
	[ "$(jq -r 'select(.conn).conn' "$trace_out" | sort -u | wc -l)" = 1 ]

	# A connection that is older than the one who looks.
	mkfifo "$BATS_TEST_TMPDIR/go"
	exec 8<>"$BATS_TEST_TMPDIR/go"
	background python3 "$BATS_TEST_DIRNAME/tcp_cases.py" "$client" "$server" 10.9.0.2 7001 refused_here \
		<"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/said"
	older=$bg
	wait_for 60 grep -q held "$BATS_TEST_TMPDIR/said"
	# The witness: more was sent, by the kernel's count, than there was, and none of it again.
	in_ns "$client" ss -Htino state established >"$BATS_TEST_TMPDIR/ss"
	[ "$(grep -oP 'bytes_sent:\K[0-9]+' "$BATS_TEST_TMPDIR/ss")" -gt "$((80100 + $(grep -oP 'bytes_retrans:\K[0-9]+' "$BATS_TEST_TMPDIR/ss" || echo 0)))" ]
	trace_start --netns "$client" --netns "$server"
	"$FLOWNER" who -o json :7001 --netns "$client" >"$BATS_TEST_TMPDIR/who"
	jq -e '.client.tx_bytes == 80100 and .client.rx_bytes == 4040 and .server.tx_bytes == 4040 and
		.server.rx_bytes == 80100 and .server.local.port == 7001 and (has("stitched") | not)' "$BATS_TEST_TMPDIR/who"
	echo >&8
	wait "$older"
	exec 8>&-
	wait_for 20 no_connection "$client" "$server"
	trace_stop
	ends client 80100 4040
	ends server 4040 80100
	[ "$(jq -r 'select(.conn).conn' "$trace_out" | sort -u)" = "$(jq -r .conn "$BATS_TEST_TMPDIR/who")" ]
}

# bats test_tags=core
@test "a connection nobody accepts: connect and close, no accept, and the listener known as its owner" {
	tcp_case never_accepted
	expect 1 '.type=="connect"'
	expect 0 '.type=="accept"'
	expect 1 ".type==\"close\" and $is_server and .owner.source==\"listen\" and .owner.comm==\"python3\""
}

# As on kernels that lack it: the same events, but for what only that feature tells.

@test "without syscall tracepoints: no accept, what came in is the listener's, and it is said once" {
	tracing=(--disable-feature syscalls)
	tcp_case client_closes_first
	grep -qF 'no syscall tracepoints: no accept events' "$trace_err"
	expect 0 '.type=="accept"'
	expect 1 '.type=="connect" and .local.port=='"$out"' and .peer.owner.source=="listen" and .peer.owner.comm=="python3"'
	expect 1 ".type==\"close\" and $is_server and .tx_bytes==40 and .rx_bytes==100 and .owner.source==\"listen\""
	expect 1 ".type==\"close\" and $is_client and .tx_bytes==100 and .owner.source==\"connect\""
	[ "$(jq -r 'select(.conn).conn' "$trace_out" | sort -u | wc -l)" = 1 ]
}

@test "without BTF pointers at accept(2): the same, by helpers" {
	tracing=(--disable-feature cast)
	tcp_case client_closes_first
	expect 1 '.type=="accept" and .remote.port=='"$out"' and .owner.source=="accept" and .owner.comm=="python3" and .latency_us and .peer.owner.pid'
	expect 1 '.type=="connect" and .local.port=='"$out"' and .peer.owner.source=="accept" and .peer.owner.comm=="python3"'
	[ "$(jq -r 'select(.conn).conn' "$trace_out" | sort | uniq -c | awk '{ print $1 }')" = 4 ]
}

@test "without reasons for resets: the resets all the same" {
	tracing=(--disable-feature reset-reason)
	tcp_case client_resets
	expect 2 '.type=="close" and .reason=="reset"'
	expect 1 ".type==\"reset\" and .by==\"local\" and $is_client and (has(\"reason\") | not)"
	expect 1 ".type==\"reset\" and .by==\"remote\" and $is_server"
}

# bats test_tags=core
@test "refused: connect-failed with the errno, and nothing else" {
	trace_start --netns "$client" --netns "$server"
	refute in_ns "$client" nc -z 10.9.0.2 7001
	refute in_ns "$client" nc -z fd09::2 7002
	trace_stop
	expect 1 '.type=="connect-failed" and .error=="ECONNREFUSED" and .remote.port==7001 and .owner.comm=="nc"'
	expect 1 '.type=="connect-failed" and .error=="ECONNREFUSED" and .remote.port==7002 and .family=="ipv6"'
	expect 2 'true'
	expect 2 '.conn==null and .latency_us>0'
}

@test "no answer: ETIMEDOUT, with the retransmitted SYN" {
	# An address that swallows everything: nobody has that MAC address.
	ip -n "$client" neigh add 10.9.0.77 lladdr 02:00:00:00:00:77 dev eth0
	tcp_case timeout 10.9.0.77
	expect 1 '.type=="connect-failed" and .error=="ETIMEDOUT" and .remote.addr=="10.9.0.77"'
	expect 0 '.type=="close" or .type=="connect"'
}

@test "SYN retransmits are seen, in state SYN_SENT" {
	ip -n "$client" neigh add 10.9.0.77 lladdr 02:00:00:00:00:77 dev eth0
	trace_start --netns "$client"
	background in_ns "$client" nc -w 5 10.9.0.77 7000
	wait_for 10 seen '.type=="retransmit"'
	trace_stop
	[ "$(count_events '.type=="retransmit" and .state=="SYN_SENT" and .retransmits>=1 and .owner.comm=="nc"')" -ge 1 ]
}

@test "a connect that the process gives up: connect-failed without an error" {
	ip -n "$client" neigh add 10.9.0.77 lladdr 02:00:00:00:00:77 dev eth0
	tcp_case abandoned 10.9.0.77
	expect 1 '.type=="connect-failed" and (has("error")|not) and .local.port=='"$out"
}

@test "no local port left: connect-failed with EADDRNOTAVAIL" {
	in_ns "$client" sysctl -qw net.ipv4.ip_local_port_range="40000 40001"
	background in_ns "$server" nc -lk 7000
	wait_for 10 listening "$server" 7000
	trace_start --netns "$client"
	background in_ns "$client" nc 10.9.0.2 7000
	background in_ns "$client" nc 10.9.0.2 7000
	wait_for 10 sh -c "[ \"\$(ip netns exec $client ss -Htn state established | wc -l)\" = 2 ]"
	refute in_ns "$client" nc -w 2 10.9.0.2 7000 </dev/null
	trace_stop
	expect 1 '.type=="connect-failed" and .error=="EADDRNOTAVAIL"'
}

@test "one socket refused first and connected then: two stories" {
	tcp_case reconnect
	expect 1 '.type=="connect-failed" and .error=="ECONNREFUSED"'
	expect 1 '.type=="connect" and .local.port=='"$out"
	[ "$(jq -r 'select(.type|startswith("connect")).cookie' "$trace_out" | sort -u | wc -l)" = 1 ]
	expect 2 '.type=="close" and .reason=="fin"'
}

@test "TCP Fast Open: accepted before it is established, whole all the same" {
	for ns in "$client" "$server"; do in_ns "$ns" sysctl -qw net.ipv4.tcp_fastopen=3; done
	tcp_case fast_open
	expect 2 '.type=="connect" and .peer.owner.comm=="python3"'
	expect 2 '.type=="accept" and .owner.source=="accept"'
	expect 4 '.type=="close" and .reason=="fin"'
	expect 2 ".type==\"close\" and $is_server and .rx_bytes==10 and .owner.source==\"accept\""
	[ "$(jq -r 'select(.conn).conn' "$trace_out" | sort | uniq -c | awk '$1==4' | wc -l)" = 2 ]
	# The witness: the kernel counts one connection that was opened that way.
	in_ns "$server" nstat -asz TcpExtTCPFastOpenPassive | grep -Eq 'TCPFastOpenPassive +1 '
}

@test "v4-mapped: shown as IPv4 at both ends" {
	tcp_case mapped
	expect 1 '.type=="accept" and .family=="ipv4" and .local.addr=="10.9.0.2" and .remote.addr=="10.9.0.1"'
	expect 0 '.conn and .family!="ipv4"'
	expect 1 '.type=="accept" and .peer.owner.comm=="python3"'
}

@test "a fork that keeps the socket: no close before it goes" {
	trace_start --netns "$client" --netns "$server"
	mkfifo "$BATS_TEST_TMPDIR/go"
	exec 8<>"$BATS_TEST_TMPDIR/go"	# both ways, so that neither open(2) waits for the other
	background python3 "$BATS_TEST_DIRNAME/tcp_cases.py" "$client" "$server" 10.9.0.2 7000 fork_keeps \
		<"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/said"
	wait_for 10 grep -q 'parent closed' "$BATS_TEST_TMPDIR/said"
	# The witness: the connection stands.
	in_ns "$client" ss -Htn state established >"$BATS_TEST_TMPDIR/ss"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/ss")" = 1 ] || { in_ns "$client" ss -tan; cat "$trace_out"; false; }
	refute seen '.type=="close"'
	echo >&8
	wait "$bg"
	exec 8>&-
	wait_for 20 no_connection "$client" "$server"
	trace_stop
	expect 2 '.type=="close"'
	expect 1 ".type==\"close\" and $is_client and .reason==\"fin\""
}

@test "the listener's child accepts: the child is the owner" {
	tcp_case child_accepts
	child=$(sed -n 2p <<<"$out")
	expect 1 '.type=="accept" and .owner.pid=='"$child"' and .owner.comm=="acceptor" and .owner.source=="accept"'
	expect 1 ".type==\"close\" and $is_server and .owner.pid==$child"
}

@test "a process that got the listener by SCM_RIGHTS accepts: it is the owner" {
	tcp_case passed_listener
	helper=$(sed -n 2p <<<"$out")
	expect 1 '.type=="accept" and .owner.pid=='"$helper"' and .owner.comm=="got-by-mail"'
	# A connect waits 10 ms for who accepts, then it says who listens.
	expect 1 '.type=="connect" and (.peer.owner.pid=='"$helper"' or .peer.owner.source=="listen")'
}

@test "a process that dies right after its connect is named in every event of the connection" {
	tcp_case dies_at_once
	expect 1 '.type=="connect" and .owner.comm=="mayfly" and .owner.pid=='"$out"
	expect 1 ".type==\"close\" and $is_client and .owner.comm==\"mayfly\" and .owner.pid==$out"
	expect 1 '.type=="accept" and .peer.owner.comm=="mayfly" and .peer.owner.pid=='"$out"
}

@test "a name with escapes, quotes and broken UTF-8 breaks neither JSON nor the terminal" {
	tcp_case hostile_name
	jq -e . "$trace_out" >/dev/null
	LC_ALL=C expect 0 '.owner.comm|test("[\u0000-\u0008\u000e-\u001a]")'
	refute env LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f\xff]' "$trace_out"

	table=$BATS_TEST_TMPDIR/table
	background "$FLOWNER" trace --netns "$client" --netns "$server" >"$table" 2>"$table.err"
	tracer=$bg
	wait_for 30 grep -q tracing "$table.err"
	python3 "$BATS_TEST_DIRNAME/tcp_cases.py" "$client" "$server" 10.9.0.2 7100 hostile_name
	stop "$tracer"
	grep -qF '\x1b[2Jx\x0a"\\xff' "$table" || grep -qF '\x1b[2Jx' "$table"
	refute env LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$table"
}

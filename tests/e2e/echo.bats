# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# echo serve and echo ping in one namespace, over its loopback. Witnesses are the namespace's own TCP
# counters and ss, and in both directions programs that are not flowner (nc, python3).

load lib

setup() {
	NS=$(random_name echo)
	ip netns add "$NS"
	ip -n "$NS" link set lo up
	PORT=9000
}

teardown() {
	end_background
	ip netns del "$NS"
}

# The pid in $bg must be flowner's, so `ip netns exec` and not in_ns, which is a shell function.
serve() {
	background ip netns exec "$NS" "$FLOWNER" echo serve -o json "$@" "$PORT" \
		>"$BATS_TEST_TMPDIR/serve.out" 2>"$BATS_TEST_TMPDIR/serve.err"
	server=$bg
	wait_for 10 grep -q '"listening"' "$BATS_TEST_TMPDIR/serve.out"
}

ping() {
	in_ns "$NS" "$FLOWNER" echo ping "$@"
}

# ping_background ARGUMENT…: its pid in $client, its output in ping.out.
ping_background() {
	background ip netns exec "$NS" "$FLOWNER" echo ping -o json "$@" \
		>"$BATS_TEST_TMPDIR/ping.out" 2>"$BATS_TEST_TMPDIR/ping.err"
	client=$bg
}

# tcp_counter NAME: one of the namespace's own counters.
tcp_counter() {
	in_ns "$NS" awk -v name="$1" '$1 == "Tcp:" && !n { for (i = 2; i <= NF; i++) at[$i] = i; n = 1; next }
		$1 == "Tcp:" { print $at[name] }' /proc/net/snmp
}

# Local ports of the established connections to PORT, as ss sees them.
client_ports() {
	in_ns "$NS" ss -Htn state established "dport = :$PORT" | awk '{ sub(/.*:/, "", $3); print $3 }' | sort -n
}

established() {
	[ "$(client_ports | wc -l)" = "$1" ]
}

served() {
	tail -n1 "$BATS_TEST_TMPDIR/serve.out" | jq -e "$1"
}

# ends_with STATUS PID [SIGNAL]: it ends so, by itself or by the signal. (`run` cannot: its subshell has no children.)
ends_with() {
	local got=0
	if [ -n "${3:-}" ]; then
		stop "$2" "$3" || got=$?
	else
		wait "$2" || got=$?
	fi
	echo "ended with $got"
	[ "$got" = "$1" ]
}

nobody_listens() {
	if listening "$@"; then
		return 1
	fi
}

# An echo server that is not flowner: listens on PORT, `body` handles the connection c.
other_server() {
	background ip netns exec "$NS" python3 -c "
import socket
s = socket.create_server(('127.0.0.1', $PORT))
while True:
    c, _ = s.accept()
    $1
    c.close()"
	wait_for 10 listening "$NS" "$PORT"
}

# bats test_tags=slow
@test "1009 connections, by the kernel's count too" {
	serve
	run ping -o json -n 1009 -c 7 "127.0.0.1:$PORT"
	[ "$status" = 0 ]
	jq -e '.connections == 1009 and .ok == 1009 and .failed == 0 and (.local_ports | length) == 1009
		and .bytes_sent == 1009 * 64 and .bytes_received == 1009 * 64
		and (.connects | all(.local == "127.0.0.1" and .us >= .connect_us))' <<<"$output"
	[ "$(tcp_counter PassiveOpens)" = 1009 ]
	[ "$(tcp_counter ActiveOpens)" = 1009 ]
	ends_with 0 "$server" INT
	served '.connections == 1009 and .bytes == 1009 * 64 and .errors == 0 and .resets == 0'
}

# bats test_tags=slow
@test "2000 connections held at once, their local ports as ss shows them" {
	serve
	ping_background -n 2000 -c 2000 --hold 300 "127.0.0.1:$PORT"
	wait_for 60 established 2000
	client_ports >"$BATS_TEST_TMPDIR/ss"
	# Ctrl-C while all are held: everything asked for was done.
	ends_with 0 "$client" INT
	jq -e '.ok == 2000 and .failed == 0' "$BATS_TEST_TMPDIR/ping.out"
	diff "$BATS_TEST_TMPDIR/ss" <(jq '.local_ports[]' "$BATS_TEST_TMPDIR/ping.out" | sort -n)
}

@test "Ctrl-C before all were begun: a summary of what was done, exit 1" {
	serve
	ping_background -n 100 -c 10 --hold 300 "127.0.0.1:$PORT"
	wait_for 10 established 10
	ends_with 1 "$client" INT
	jq -e '.requested == 100 and .connections == 10 and .ok == 10' "$BATS_TEST_TMPDIR/ping.out"
}

@test "Ctrl-C while an echo is awaited: that connection failed with EINTR" {
	other_server 'c.recv(1000); import time; time.sleep(300)'
	ping_background --timeout 300 "127.0.0.1:$PORT"
	wait_for 10 established 1
	ends_with 1 "$client" TERM
	jq -e '.failed == 1 and .errors.EINTR == 1' "$BATS_TEST_TMPDIR/ping.out"
}

@test "--hold ends by itself" {
	serve
	run ping -o json -n 4 -c 2 --hold 0.2 "127.0.0.1:$PORT"
	[ "$status" = 0 ]
	jq -e '.ok == 4 and .duration_us >= 400000 and .latency_us.max < .duration_us' <<<"$output"
}

@test "IPv4, IPv6, IPv4-mapped and names on one dual-stack socket" {
	serve
	[ "$(in_ns "$NS" ss -Hltn "sport = :$PORT" | wc -l)" = 1 ]
	ping "127.0.0.1:$PORT"
	ping "[::1]:$PORT"
	getent hosts localhost >/dev/null || skip "localhost is not in /etc/hosts: names not tried"
	ping -4 "localhost:$PORT"
	run ping -o json "[::ffff:127.0.0.1]:$PORT"
	[ "$status" = 0 ]
	jq -e '.connects[0].local == "::ffff:127.0.0.1"' <<<"$output"
	[ "$(tcp_counter PassiveOpens)" = 4 ]
}

@test "--bind: one address, and of IPv6 nothing mapped" {
	serve --bind 127.0.0.1
	ping "127.0.0.1:$PORT"
	run ping "[::1]:$PORT"
	[ "$status" = 1 ]
	run ping "127.0.0.2:$PORT"
	[ "$status" = 1 ]
	PORT=9001
	serve --bind ::
	ping "[::1]:$PORT"
	run ping "127.0.0.1:$PORT"
	[ "$status" = 1 ]
}

@test "where IPv6 is switched off, IPv4 is served" {
	in_ns "$NS" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	serve
	ping "127.0.0.1:$PORT"
}

@test "port 0: the kernel chooses, and it is said" {
	PORT=0 serve
	port=$(jq .port "$BATS_TEST_TMPDIR/serve.out")
	[ "$port" -gt 0 ]
	grep -qx "flowner: listening on \[::\]:$port" "$BATS_TEST_TMPDIR/serve.err"
	listening "$NS" "$port"
	ping "127.0.0.1:$port"
}

@test "8 MiB, checked, by the kernel's count of bytes too" {
	serve
	ping_background --size 8M --hold 300 --timeout 60 "127.0.0.1:$PORT"
	wait_for 60 sh -c "ip netns exec $NS ss -Htni state established 'dport = :$PORT' |
		grep -q bytes_received:8388608"
	ends_with 0 "$client" INT
	jq -e '.ok == 1 and .bytes_received == 8388608' "$BATS_TEST_TMPDIR/ping.out"
}

@test "sizes around the buffers, and several round trips" {
	serve
	for size in 1 7 1023 1024 65535 65536 65537 200000; do
		run ping -o json -n 3 -c 3 --repeat 3 --size "$size" "[::1]:$PORT"
		[ "$status" = 0 ]
		jq -e ".bytes_received == 9 * $size" <<<"$output"
	done
	run ping -o json --size 0 -n 5 "127.0.0.1:$PORT"
	[ "$status" = 0 ]
	jq -e '.ok == 5 and .bytes_sent == 0' <<<"$output"
	[ "$(tcp_counter PassiveOpens)" = 29 ]
}

@test "a client that does not read is not read from, and gets its bytes in the end" {
	serve
	in_ns "$NS" python3 - "$PORT" <<-'PY'
		import select, socket, sys
		c = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
		c.setblocking(False)
		data = bytes(range(251)) * 1000
		sent = 0
		# Until nothing has been taken for a second.
		while select.select([], [c], [], 1)[1]:
		    at = sent % 251
		    sent += c.send(data[at:at + 65536])
		    assert sent < 256 << 20, 'the server takes without end'
		c.shutdown(socket.SHUT_WR)
		c.setblocking(True)
		got = 0
		while True:
		    piece = c.recv(1 << 20)
		    if not piece:
		        break
		    at = got % 251
		    assert (data * (len(piece) // len(data) + 2))[at:at + len(piece)] == piece
		    got += len(piece)
		assert got == sent, (got, sent)
	PY
}

@test "half-close: the rest is echoed, then the server closes (nc -N)" {
	serve
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	timeout 20 ip netns exec "$NS" nc -N 127.0.0.1 "$PORT" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "refused: exit 1, counted by name, with the ports it tried from" {
	run ping -o json -n 3 "127.0.0.1:$PORT"
	[ "$status" = 1 ]
	jq -e '.failed == 3 and .errors == {ECONNREFUSED: 3} and .ok == 0 and (.failed_ports | length) == 3
		and .local_ports == [] and has("latency_us") == false' <<<"$output"
	[ "$(tcp_counter AttemptFails)" = 3 ]
	run ping -n 3 "[::1]:$PORT"
	[ "$status" = 1 ]
	[[ $output =~ "errors      ECONNREFUSED 3" ]]
}

@test "unreachable: exit 1, ENETUNREACH" {
	run ping -o json "192.0.2.1:$PORT"
	[ "$status" = 1 ]
	jq -e '.errors == {ENETUNREACH: 1} and .failed_ports == []' <<<"$output"
}

@test "a server that returns a wrong byte is found out" {
	other_server 'd = bytearray(c.recv(1000)); d[-1] ^= 1; c.sendall(d)'
	run ping "127.0.0.1:$PORT"
	[ "$status" = 1 ]
	[[ $output =~ "differs from what was sent at byte 63" ]]
	[[ $output =~ "EBADMSG 1" ]]
}

@test "a server that returns too much is found out" {
	other_server 'c.sendall(c.recv(1000) + b"x")'
	run ping "127.0.0.1:$PORT"
	[ "$status" = 1 ]
	[[ $output =~ "longer than the 64 bytes sent" ]]
}

@test "a server that closes early, and one that says nothing" {
	other_server 'c.sendall(c.recv(1000)[:10])'
	run ping -o json "127.0.0.1:$PORT"
	[ "$status" = 1 ]
	jq -e '.errors == {ECONNABORTED: 1}' <<<"$output"
	PORT=9001
	other_server 'c.recv(1000); c.recv(1000)'
	run ping -o json --timeout 0.2 "127.0.0.1:$PORT"
	[ "$status" = 1 ]
	jq -e '.errors == {ETIMEDOUT: 1}' <<<"$output"
}

@test "a server that dies while connections are held" {
	serve
	ping_background -n 5 -c 5 --hold 300 "127.0.0.1:$PORT"
	wait_for 10 established 5
	ends_with 137 "$server" KILL
	ends_with 1 "$client"
	jq -e '.ok == 0 and .failed == 5' "$BATS_TEST_TMPDIR/ping.out"
}

@test "SIGINT and SIGTERM end the server cleanly, also started with SIGINT ignored" {
	for signal in INT TERM; do
		serve
		# A background job of a script: the shell ignored SIGINT for it.
		[ $((0x$(awk '/^SigIgn/ { print $2 }' "/proc/$server/status") & 2)) != 0 ]
		ping -n 10 "127.0.0.1:$PORT"
		ends_with 0 "$server" $signal
		grep -q '^flowner: 10 connections, 640 bytes echoed' "$BATS_TEST_TMPDIR/serve.err"
		served '.connections == 10'
	done
}

@test "ends cleanly with clients connected" {
	serve
	ping_background -n 100 -c 100 --hold 300 "127.0.0.1:$PORT"
	wait_for 10 established 100
	ends_with 0 "$server" TERM
	ends_with 1 "$client"
	jq -e '.failed == 100' "$BATS_TEST_TMPDIR/ping.out"
}

# check_many PROCESSES THREADS: that many, each shown with what it took.
check_many() {
	[ "$(pgrep -c -P "$server" || true)" = "$1" ]
	ping -n 500 -c 50 "127.0.0.1:$PORT"
	ping -n 500 -c 50 "[::1]:$PORT"
	[ "$(tcp_counter PassiveOpens)" = 1000 ]
	ends_with 0 "$server" "$3"
	served ".connections == 1000 and .bytes == 64000 and .errors == 0
		and (.threads | length) == $2 and ([.threads[].tid] | unique | length) == $2
		and ([.threads[].connections] | add) == 1000"
}

@test "forked workers" {
	serve --workers 3
	check_many 3 3 TERM
	served "[.threads[].pid] | unique | length == 3 and all(. != $server)"
}

@test "threads" {
	serve --threads 3
	check_many 0 3 INT
	served "[.threads[].pid] | unique == [$server]"
}

@test "workers with threads" {
	serve --workers 2 --threads 2
	check_many 2 4 INT
}

@test "--reuseport: a listener for each" {
	serve --workers 3 --reuseport
	[ "$(in_ns "$NS" ss -Hltn "sport = :$PORT" | wc -l)" = 3 ]
	check_many 3 3 INT
	served '.threads | all(.connections > 0)'
}

@test "--reuseport with threads on a port the kernel chose" {
	PORT=0 serve --threads 2 --reuseport
	port=$(jq .port "$BATS_TEST_TMPDIR/serve.out")
	[ "$(in_ns "$NS" ss -Hltn "sport = :$port" | wc -l)" = 2 ]
	ping -n 50 "127.0.0.1:$port"
}

@test "workers go with their parent, however it ends" {
	serve --workers 2
	children=$(pgrep -P "$server")
	ends_with 137 "$server" KILL
	for pid in $children; do
		wait_for 10 sh -c "! grep -qs '^State:.[^Z]' /proc/$pid/status"
	done
	wait_for 10 nobody_listens "$NS" "$PORT"
}

@test "a worker that is killed is named, the others serve on" {
	serve --workers 2
	kill -KILL "$(pgrep -P "$server" | head -n1)"
	wait_for 10 grep -q 'was killed (Killed), 1 left' "$BATS_TEST_TMPDIR/serve.err"
	ping -n 20 "127.0.0.1:$PORT"
	ends_with 0 "$server" TERM
	served '.connections == 20'
}

@test "out of descriptors: said once, no busy loop, and served when others leave" {
	background bash -c "ulimit -n 40; exec ip netns exec $NS '$FLOWNER' echo serve $PORT" \
		2>"$BATS_TEST_TMPDIR/serve.err"
	server=$bg
	wait_for 10 listening "$NS" "$PORT"
	ping_background -n 100 -c 100 --hold 0.5 --timeout 60 "127.0.0.1:$PORT"
	wait_for 10 grep -q 'Too many open files: new clients wait' "$BATS_TEST_TMPDIR/serve.err"
	ends_with 0 "$client"
	jq -e '.ok == 100' "$BATS_TEST_TMPDIR/ping.out"
	[ "$(grep -c 'Too many' "$BATS_TEST_TMPDIR/serve.err")" = 1 ]
	# Hundredths of a second of CPU, of the second and more that it took: a loop would have used most.
	[ "$(awk '{ print $14 + $15 }' "/proc/$server/stat")" -lt 50 ]
}

# As tracers that walk over all open files do, ss -p and flowner among them.
@test "serve: another process holds a client's socket while serve closes it" {
	serve
	cat >"$BATS_TEST_TMPDIR/hold.py" <<-'EOF'
		import ctypes, os, socket, sys, time
		server, libc = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True)
		fds = lambda: {int(f) for f in os.listdir(f"/proc/{server}/fd")}
		def until(what):
		    for _ in range(1000):
		        if what(): return
		        time.sleep(0.01)
		    sys.exit("never so: " + what.__name__)
		before = fds()
		c = socket.create_connection(("127.0.0.1", 9000))
		c.sendall(b"x")
		assert c.recv(1) == b"x"
		fd = (fds() - before).pop()
		held = libc.syscall(438, os.pidfd_open(server), fd, 0)  # pidfd_getfd
		assert held >= 0, os.strerror(ctypes.get_errno())
		c.shutdown(socket.SHUT_WR)
		def closed_by_server(): return fd not in fds()
		until(closed_by_server)
		c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
		c.close()  # a reset: one more event for the socket that is held
		for _ in range(20):
		    n = socket.create_connection(("127.0.0.1", 9000))
		    n.sendall(b"y")
		    assert n.recv(1) == b"y"
	EOF
	in_ns "$NS" python3 "$BATS_TEST_TMPDIR/hold.py" "$server"
	stop "$server" INT
}

@test "--rate: evenly spaced" {
	serve
	run ping -o json -n 100 -c 100 --rate 200 "127.0.0.1:$PORT"
	[ "$status" = 0 ]
	jq -e '.ok == 100 and .duration_us >= 490000 and .rate < 210' <<<"$output"
}

@test "--reset: RST instead of FIN, no TIME_WAIT" {
	serve
	ping --reset -n 50 "127.0.0.1:$PORT"
	[ "$(tcp_counter OutRsts)" = 50 ]
	[ -z "$(in_ns "$NS" ss -Htan state time-wait)" ]
	ends_with 0 "$server" INT
	served '.resets == 50 and .errors == 0'
}

@test "--source, as ss sees it" {
	serve
	ping_background --source 127.0.0.9 --hold 300 "127.0.0.1:$PORT"
	wait_for 10 sh -c "ip netns exec $NS ss -Htn state established 'dport = :$PORT and src 127.0.0.9' | grep -q ."
	ends_with 0 "$client" INT
	jq -e '.connects[0].local == "127.0.0.9"' "$BATS_TEST_TMPDIR/ping.out"
}

@test "no local port left: counted and explained" {
	serve
	in_ns "$NS" sh -c 'echo 40000 40009 >/proc/sys/net/ipv4/ip_local_port_range
		echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse'
	run ping -n 20 "127.0.0.1:$PORT"
	[ "$status" = 1 ]
	[[ $output =~ "no local port left" ]]
	[[ $output =~ "ok 10   failed 10" ]]
	[[ $output =~ "EADDRNOTAVAIL 10" ]]
}

@test "a port in use, an address of others, a port not permitted: one line, exit 1" {
	serve
	run in_ns "$NS" "$FLOWNER" echo serve "$PORT"
	[ "$status" = 1 ]
	[ "$output" = "flowner: [::]:$PORT is in use; ss -ltnp says by whom" ]
	run in_ns "$NS" "$FLOWNER" echo serve --workers 2 --reuseport "$PORT"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	run in_ns "$NS" "$FLOWNER" echo serve --bind 192.0.2.1 9001
	[ "$status" = 1 ]
	[ "$output" = "flowner: 192.0.2.1:9001: not an address of this network namespace" ]
	run in_ns "$NS" setpriv --bounding-set=-net_bind_service --inh-caps=-net_bind_service \
		"$FLOWNER" echo serve 80
	[ "$status" = 1 ]
	[[ $output =~ "80: not permitted" ]]
	[ "${#lines[@]}" = 1 ]
}

@test "wrong usage: one line, exit 2" {
	while read -r arguments; do
		# shellcheck disable=SC2086
		run "$FLOWNER" echo $arguments
		echo "echo $arguments: $status: $output"
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output == "flowner: "* ]]
	done <<-END

		nonsense
		serve
		serve 65536
		serve -1
		serve 9000 9001
		serve nine
		serve --bind localhost 9000
		serve --bind 1.2.3 9000
		serve --workers 0 9000
		serve --threads x 9000
		serve -o xml 9000
		ping
		ping localhost
		ping ::1:9000
		ping [::1]
		ping :9000
		ping 127.0.0.1:0
		ping 127.0.0.1:65536
		ping 127.0.0.1:9000 more
		ping 127.0.0.1:9000 -n 0
		ping 127.0.0.1:9000 -c 0
		ping 127.0.0.1:9000 --size 65M
		ping 127.0.0.1:9000 --hold -1
		ping 127.0.0.1:9000 --rate 0
		ping 127.0.0.1:9000 --source localhost
		ping [::1]:9000 --source 127.0.0.1
		ping [::1]:9000 -4
		ping 127.0.0.1:9000 -4 -6
		ping 127.0.0.1:9000 --nonsense
	END
}

@test "help of echo, serve and ping" {
	for words in "" serve ping; do
		# shellcheck disable=SC2086
		run "$FLOWNER" echo $words --help
		[ "$status" = 0 ]
		[[ $output == "Usage: flowner echo"* ]]
	done
}

@test "a reader that has gone ends it, quietly" {
	serve
	run bash -c "ip netns exec $NS '$FLOWNER' echo ping -o json -n 5000 -c 20 127.0.0.1:$PORT | head -c 10; exit \${PIPESTATUS[0]}"
	[ "$status" = 1 ]
	[ "$output" = '{"type":"p' ]
}

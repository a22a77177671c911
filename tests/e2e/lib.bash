# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For every end-to-end test: names of its own, waiting for conditions, cleaning up.
# FLOWNER is the binary under test (tests/run sets it).

# A test tagged slow (# bats test_tags=slow) has no time, or not the pace, in an emulated machine: make test-kernels leaves
# it out.

: "${FLOWNER:=$PWD/build/flowner}"
export FLOWNER

# A name nobody else has: two runs at once on one machine do not meet.
random_name() {
	printf '%s%04x%04x' "${1:-t}" "$RANDOM" "$RANDOM"
}

# wait_for SECONDS COMMAND…: until COMMAND succeeds; fails loudly when it never does. FLOWNER_SLOW: so many times as
# patient, on a machine that is emulated.
wait_for() {
	local deadline=$((SECONDS + $1 * ${FLOWNER_SLOW:-1}))
	shift
	until "$@"; do
		if ((SECONDS > deadline)); then
			echo "timed out waiting for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# refute COMMAND…: it has to fail. Not "! COMMAND", whose result `set -e` does not look at.
refute() {
	if "$@"; then
		echo "should have failed: $*" >&2
		return 1
	fi
}

# in_ns NETNS COMMAND…
in_ns() {
	local ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# listening NETNS PORT: something listens there (ss is the witness, not flowner).
listening() {
	[ -n "$(ip netns exec "$1" ss -Hltn "sport = :$2")" ]
}

# background COMMAND…: run it, its pid in $bg; everything started so is ended by end_background.
# bats waits for everything that holds its descriptor 3.
BACKGROUND=()
background() {
	# $! has to be the program itself, not a subshell that runs a function.
	[ "$1" != in_ns ] || set -- ip netns exec "${@:2}"
	"$@" 3>&- <&0 &	# <&0: bash gives background commands /dev/null otherwise
	bg=$!
	BACKGROUND+=("$bg")
}

end_background() {
	local pid
	for pid in "${BACKGROUND[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in "${BACKGROUND[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	BACKGROUND=()
}

# stop PID [SIGNAL]: end it and return its exit status.
stop() {
	kill "-${2:-INT}" "$1" 2>/dev/null
	wait "$1"
}

# new_netns NAME: one that remove_netns, in teardown, removes, however the test ends.
NETNS_MADE=()
new_netns() {
	ip netns add "$1"
	NETNS_MADE+=("$1")
}

remove_netns() {
	local ns
	for ns in ${NETNS_MADE[@]+"${NETNS_MADE[@]}"}; do
		ip netns del "$ns" 2>/dev/null || true
	done
	NETNS_MADE=()
}

# pair NAME: two namespaces, NAME-client (10.9.0.1, fd09::1) and NAME-server (10.9.0.2, fd09::2), one veth.
# Built with ip(8), not with `flowner lab`: the tests of one part do not lean on another.
pair() {
	local c=$1-client s=$1-server
	new_netns "$c"
	new_netns "$s"
	ip link add eth0 netns "$c" type veth peer name eth0 netns "$s"
	for ns in "$c" "$s"; do
		ip netns exec "$ns" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad'
		ip -n "$ns" link set lo up
	done
	ip -n "$c" addr add 10.9.0.1/24 dev eth0
	ip -n "$s" addr add 10.9.0.2/24 dev eth0
	ip -n "$c" addr add fd09::1/64 dev eth0 nodad
	ip -n "$s" addr add fd09::2/64 dev eth0 nodad
	ip -n "$c" link set eth0 up
	ip -n "$s" link set eth0 up
	# Until the carrier has been noticed, the device's noop qdisc drops what is sent.
	wait_for 10 link_up "$c"
	wait_for 10 link_up "$s"
}

link_up() {
	ip -n "$1" -br link show eth0 | grep -q ' UP '
}

# trace_start ARGS…: `flowner trace -o json ARGS`, running; its pid in $tracer, lines in $trace_out.
trace_start() {
	trace_out=$BATS_TEST_TMPDIR/trace.$RANDOM trace_err=$BATS_TEST_TMPDIR/trace-err.$RANDOM
	# shellcheck disable=SC2086
	background "$FLOWNER" ${VERBOSE-} trace -o json "$@" >"$trace_out" 2>"$trace_err"
	tracer=$bg
	wait_for 30 grep -q '^flowner: tracing' "$trace_err" || { cat "$trace_err" >&2; return 1; }
}

# trace_stop: end it; everything it saw is in $trace_out then. Fails unless it exits with 0 (or $1).
trace_stop() {
	local status=0
	stop "$tracer" INT || status=$?
	[ "$status" = "${1:-0}" ] || { echo "flowner trace ended with $status" >&2; cat "$trace_err" >&2; return 1; }
}

# no_connection NETNS…: none is open there. Who has closed may be done before the other end is, and before the kernel.
no_connection() {
	local ns
	for ns; do
		[ -z "$(in_ns "$ns" ss -Htan state connected exclude time-wait)" ] || return 1
	done
}

# events FILTER: those of the trace that jq's FILTER selects, one a line.
events() {
	jq -c "select($1)" "$trace_out"
}

count_events() {
	events "$1" | wc -l
}

# expect N FILTER: exactly N events match.
expect() {
	local n
	n=$(count_events "$2")
	[ "$n" = "$1" ] && return
	echo "expected $1, found $n: $2" >&2
	head -c 6000 "$trace_out" >&2
	tail -n 5 "$trace_err" >&2
	return 1
}

# seen FILTER: for wait_for; the trace runs on, its last line may be half written.
seen() {
	[ -n "$(jq -c "select($1)" "$trace_out" 2>/dev/null)" ]
}

# The build whose memory says something: AddressSanitizer's has red zones, shadows, and keeps what is freed.
plain_build() {
	plain=$FLOWNER
	if ldd "$FLOWNER" | grep -q libasan; then
		plain=$BATS_TEST_DIRNAME/../../build/flowner
		nice make -s -C "$BATS_TEST_DIRNAME/../.." build/flowner 3>&-
	fi
}

# not_for_coverage: what a test of system calls, or of files that cannot be written, has to begin with.
not_for_coverage() {
	[[ $FLOWNER != */build-cov/* ]] || skip "a build for coverage writes its counts, or says that it cannot"
}

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For every end-to-end test: names of its own, waiting for conditions, cleaning up.
# FLOWNER is the binary under test (tests/run sets it).

: "${FLOWNER:=$PWD/build/flowner}"
export FLOWNER

# A name nobody else has: two runs at once on one machine do not meet.
random_name() {
	printf '%s%04x%04x' "${1:-t}" "$RANDOM" "$RANDOM"
}

# wait_for SECONDS COMMAND…: until COMMAND succeeds; fails loudly when it never does.
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		if ((SECONDS > deadline)); then
			echo "timed out waiting for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
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
	"$@" 3>&- &
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

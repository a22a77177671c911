# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of `flowner capture` under load: run it, and take its summary apart.

# capture_start ARGS…: `flowner capture ARGS`, running; its pid in $capture.
capture_start() {
	capture_err=$BATS_TEST_TMPDIR/capture-err.$RANDOM
	background "$FLOWNER" capture "$@" 2>"$capture_err"
	capture=$bg
	wait_for 30 grep -q '^flowner: capturing' "$capture_err" || { cat "$capture_err" >&2; return 1; }
}

# capture_stop [STATUS]: end it; its counts are in $written, $matched, $lost and $received then.
capture_stop() {
	local status=0
	stop "$capture" INT || status=$?
	cat "$capture_err"
	[ "$status" = "${1:-0}" ] || { echo "flowner capture ended with $status" >&2; return 1; }
	read -r written matched lost received < <(sed -nE \
		's/^flowner: ([0-9]+) packets written, ([0-9]+) matched, ([0-9]+) lost, ([0-9]+) seen.*/\1 \2 \3 \4/p' "$capture_err")
}

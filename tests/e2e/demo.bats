#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The demo is what a newcomer runs first: it works, it can fail, it cleans up.

load lib.bash

setup() {
	demo=$BATS_TEST_DIRNAME/../../scripts/demo
}

teardown() {
	end_background
}

@test "it compares what was made with what was traced, and all is equal" {
	run timeout 120 "$demo" "$FLOWNER"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"All equal."* ]]
	grep -Eq '^IPv4 +800 +800 +800 +800 +800$' <<<"$output"
	grep -Eq '^IPv6 +209 +209 +209 +209 +209$' <<<"$output"
	grep -Eq '^refused +13 +13 ' <<<"$output"
	grep -Eq '^lost +0' <<<"$output"
}

@test "a tracer that misses something makes it exit with 1" {
	# A flowner whose trace is blind to IPv6.
	wrapper=$BATS_TEST_TMPDIR/flowner
	cat >"$wrapper" <<-EOF
		#!/bin/sh
		[ "\$1" != trace ] || exec "$FLOWNER" "\$@" -4
		exec "$FLOWNER" "\$@"
	EOF
	chmod +x "$wrapper"
	run timeout 120 "$demo" "$wrapper"
	[ "$status" = 1 ]
	[[ $output == *"NOT EQUAL"* ]]
}

@test "interrupted at any time, it leaves nothing behind" {
	for after in 'demo.* is up' 'EVENT ' 'accept ' 'connections and'; do
		out=$BATS_TEST_TMPDIR/out
		: >"$out"
		setsid "$demo" "$FLOWNER" >"$out" 2>&1 3>&- &
		pid=$!
		wait_for 30 grep -q "$after" "$out"
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" || true
		[ -z "$(pgrep -s "$pid" || true)" ] || { ps -o pid,ppid,stat,args -s "$pid" >&2; return 1; }
		lab=$(sed -n 's/^lab \([^ ]*\) is up.*/\1/p' "$out")
		[ -n "$lab" ]
		[ -z "$(ip netns list | grep "^$lab-" || true)" ]
		[ ! -e "/run/flowner/lab/$lab.json" ]
	done
}

@test "two at once do not disturb each other" {
	"$demo" "$FLOWNER" >"$BATS_TEST_TMPDIR/1" 2>&1 3>&- &
	first=$!
	wait_for 30 grep -q 'is up' "$BATS_TEST_TMPDIR/1"
	run timeout 120 "$demo" "$FLOWNER"
	[ "$status" = 0 ]
	wait "$first"
	grep -q 'All equal' "$BATS_TEST_TMPDIR/1"
}

@test "without root: exit 4, one line" {
	# A copy: the checkout may lie where only root can read.
	cp "$demo" "$BATS_RUN_TMPDIR/demo"
	chmod 755 "$BATS_RUN_TMPDIR"
	run setpriv --reuid 65534 --regid 65534 --clear-groups bash "$BATS_RUN_TMPDIR/demo" "$FLOWNER"
	rm "$BATS_RUN_TMPDIR/demo"
	[ "$status" = 4 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=slow
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1              10.9.0.2
#
# A machine whose processors are all taken, by those who make what flowner sees: its priority is raised while it is late for
# that reason, and only then.

load lib.bash
load overload_lib.bash
load privileges_lib.bash

FIRST=-15

setup() {
	plain_build
	[ "$(nice)" = 0 ] || skip "these tests were begun with nice"
	[ -z "$(nice -n $FIRST true 2>&1)" ] || skip "nobody comes first: CAP_SYS_NICE is missing"
	name=$(random_name b)
	pair "$name"
	client=$name-client server=$name-server
	err=$BATS_TEST_TMPDIR/err
	background nice -n $FIRST ip netns exec "$server" "$plain" echo serve 9000
	wait_for 20 listening "$server" 9000
}

teardown() {
	[ -z "${busy:-}" ] || touch "$BATS_TEST_TMPDIR/idle"
	end_background
	remove_netns
}

# keep_busy: all processors are taken by what comes before us, connections among it; until $BATS_TEST_TMPDIR/idle is there.
keep_busy() {
	busy=1
	for ((i = 0; i < 2 * $(nproc); i++)); do
		background nice -n $FIRST sh -c "until [ -e '$BATS_TEST_TMPDIR/idle' ]; do i=0; until [ \$((i += 1)) = 100000 ]; do :; done; done"
	done
	background nice -n $FIRST ip netns exec "$client" sh -c "until [ -e '$BATS_TEST_TMPDIR/idle' ]; do
		'$plain' -q echo ping 10.9.0.2:9000 -n 1000 -c 8 --timeout 120; done" >/dev/null 2>&1
}

nice_of() {
	ps -o ni= -p "$1" | tr -d ' '
}

raised() {
	for pid in "${tracers[@]}"; do
		[ "$(nice_of "$pid")" -lt 0 ] || return 1
	done
}

as_before() {
	for pid in "${tracers[@]}"; do
		[ "$(nice_of "$pid")" = 0 ] || return 1
	done
}

# watch NAME CMD ARGS…: it runs, in $bg, and says in $BATS_TEST_TMPDIR/NAME what it has to say.
watch() {
	background "${@:2}" >/dev/null 2>"$BATS_TEST_TMPDIR/$1"
	wait_for 60 grep -qE '^flowner: (tracing|watching|capturing)' "$BATS_TEST_TMPDIR/$1"
}

said() { grep -q "$2" "$BATS_TEST_TMPDIR/$1"; }

# number NAME WORDS: in its last line, as "12 lost".
number() { grep -oE "[0-9]+ $2" "$BATS_TEST_TMPDIR/$1" | tail -n1 | cut -d' ' -f1; }

# It is not for a test to ask that nothing is lost in time; but who is raised loses no more than who is not, and nothing untold.
@test "who is late for want of a processor raises its priority, says so, and takes it back; nice(1) is obeyed" {
	tracers=()
	quiet_pair
	watch trace "$FLOWNER" trace -o json --port 9000
	tracers+=("$bg")
	watch flows "$FLOWNER" flows -o json --netns "$client"
	tracers+=("$bg")
	watch capture "$FLOWNER" capture -s 96 --netns "$client" -w -
	tracers+=("$bg")
	watch nice nice -n 1 "$FLOWNER" trace -o json --port 9000
	nice=$bg
	watch bare with root bpf,perfmon,sys_ptrace,dac_read_search "$FLOWNER" trace -o json
	bare=$bg
	as_before
	before=$(carried "$client")
	keep_busy
	wait_for 120 raised
	wait_for 60 said bare 'priority cannot be raised (CAP_SYS_NICE is missing)'
	touch "$BATS_TEST_TMPDIR/idle"
	[ "$(nice_of "$nice")" = 1 ]
	[ "$(nice_of "$bare")" = 0 ]
	wait_for 60 all_closed "$client"
	wait_for 60 all_closed "$server"
	wait_for 60 as_before
	for pid in "${tracers[@]}" "$nice"; do
		stop "$pid"
	done
	tail -n1 "$BATS_TEST_TMPDIR"/{trace,flows,capture,nice}
	for tool in trace flows capture; do
		said $tool 'priority is raised (nice -10)'
	done
	refute said nice priority
	[ "$(number trace lost)" -le "$(number nice lost)" ]
	packets=$(($(carried "$client") - before))
	[ $(($(number trace 'records seen') + $(number trace lost))) = $(($(number nice 'records seen') + $(number nice lost))) ]
	[ $(($(number flows packets,) + $(number flows 'packets lost'))) = $packets ]
	[ $(($(number capture matched) + $(number capture lost))) = $packets ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# Whoever takes what flowner writes: a full disk, a reader that has gone, or stands still, or was never there. It ends, says why,
# and what is written is whole lines of what was.

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	pair "$name"
	client=$name-client server=$name-server
	out=$BATS_TEST_TMPDIR/out full=
	serve_in "$server" 9000
}

teardown() {
	end_background
	remove_netns
	[ -z "$full" ] || umount "$full"
}

# load: connections all the time.
load() {
	background in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 10000000 -c 4 --rate 2000 >/dev/null
	loader=$bg
}

disk() { # SIZE
	full=$BATS_TEST_TMPDIR/full
	mkdir "$full"
	mount -t tmpfs -o "size=$1" tmpfs "$full"
}

@test "a full disk: trace and flows say so, end with 1, and each whole line is one" {
	disk 64k
	load
	for command in "trace --netns $client -o json" "flows --netns $client -o json -i 0.05"; do
		status=0
		# shellcheck disable=SC2086
		timeout 20 "$FLOWNER" $command >"$full/out" 2>"$out.err" || status=$?
		[ "$status" = 1 ]
		[ "$(grep -c 'No space left on device' "$out.err")" = 1 ]
		# The disk took what it could: the last line may be cut, no other.
		[ "$(stat -c %s "$full/out")" -gt 60000 ]
		head -n -1 "$full/out" >"$out" || true
		json_lines "$out"
		[ "$(jq -c "select(.netns.name != \"$client\" and .type != \"lost\")" "$out" | wc -l)" = 0 ]
		rm "$full/out"
	done
}

@test "/dev/full: every command ends with 1 and one line that says what is wrong" {
	background in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 --hold 300 >/dev/null
	load
	file=$BATS_TEST_TMPDIR/file
	"$FLOWNER" -q capture --netns "$client" -c 5 -w "$file"
	for command in "trace --netns $client" "trace -o json --netns $client" "flows --netns $client -i 0.1" "flows --netns $client -i 0.1 -o json" \
		"flows --netns $client --by conn -i 0.1" "who --netns $client" "who --netns $client -o json" "map" "map -o json" "map -o dot" "map eth0" \
		"capture --netns $client" "capture --netns $client -w -" "capture -r $file" "doctor" "--version"; do
		status=0
		# shellcheck disable=SC2086
		timeout 20 "$FLOWNER" $command >/dev/full 2>"$out" || status=$?
		[ "$status" = 1 ] || { echo "$command: $status" >&2; cat "$out" >&2; return 1; }
		[ "$(grep -c 'No space left on device' "$out")" = 1 ] || { echo "$command" >&2; cat "$out" >&2; return 1; }
		tame "$out"
	done
}

@test "a reader that goes away: every command ends, cleanly" {
	background in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 --hold 300 >/dev/null
	load
	file=$BATS_TEST_TMPDIR/file
	"$FLOWNER" -q capture --netns "$client" -c 500 -w "$file"
	for command in "trace --netns $client" "flows --netns $client -i 0.1 -o json" "flows --netns $client -i 0.1" "who --netns $client" \
		"who -o json" "map" "map -o json" "map -o dot" "capture --netns $client" "capture --netns $client -w -" "capture -r $file"; do
		# It has read a byte and goes; or it has gone before anything is written.
		for reader in "head -c 1" true; do
			# shellcheck disable=SC2086
			{ timeout 20 "$FLOWNER" $command 2>"$out"; echo $? >"$out.status"; } | $reader >/dev/null
			[ "$(cat "$out.status")" = 0 ] || { echo "$command: $(cat "$out.status")" >&2; cat "$out" >&2; return 1; }
			refute grep -iE 'pipe|writing' "$out"
		done
	done
}

@test "a reader that stands still: Ctrl-C and SIGTERM end it all the same, and it says that nobody took it" {
	load
	for command in "trace --netns $client -o json" "flows --netns $client -i 0.05 -o json" "capture --netns $client" "capture --netns $client -w -"; do
		for signal in INT TERM; do
			rm -f "$out.pipe"
			mkfifo "$out.pipe"
			# Both ends are open, and nobody reads.
			exec {still}<>"$out.pipe"
			# shellcheck disable=SC2086
			background "$FLOWNER" $command >"$out.pipe" 2>"$out"
			pid=$bg
			filled() { python3 -c 'import select, sys; p = select.poll(); p.register(int(sys.argv[1]), select.POLLOUT); sys.exit(len(p.poll(0)))' "$still"; }
			wait_for 60 filled
			kill -$signal "$pid"
			status=0
			SECONDS=0
			wait "$pid" || status=$?
			[ "$SECONDS" -lt 20 ]
			exec {still}>&-
			[ "$status" = 1 ] || { echo "$command $signal: $status" >&2; cat "$out" >&2; return 1; }
			grep -q 'nobody reads it' "$out"
		done
	done
}

@test "a slow reader gets everything, to the last line, after Ctrl-C too" {
	trace_out=$out
	{ timeout 20 "$FLOWNER" trace --netns "$client" --netns "$server" -o json 2>"$out.err"; echo $? >"$out.status"; } |
		python3 -c '
import os, sys, time
while True:
    data = os.read(0, 3000)
    if not data:
        break
    time.sleep(0.002)
    sys.stdout.buffer.write(data)' >"$out" 3>&- &
	reader=$!
	wait_for 30 grep -q tracing "$out.err"
	in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 300 -c 4 >/dev/null
	pid=$(pgrep -f -x "$FLOWNER trace --netns $client --netns $server -o json")
	kill -INT "$pid"
	kill -INT "$pid" 2>/dev/null || true
	wait "$reader"
	[ "$(cat "$out.status")" = 0 ]
	json_lines "$out"
	expect 300 '.type=="connect"'
	expect 600 '.type=="close"'
}

@test "stdin, stdout or stderr closed from the start: nothing gets into files or descriptors that are not its own" {
	file=$BATS_TEST_TMPDIR/file
	load
	for closed in 0 1 2 "0 1" "0 2" "1 2" "0 1 2"; do
		rm -f "$file"
		status=0
		(
			for fd in $closed; do eval "exec $fd>&-"; done
			exec timeout 20 "$FLOWNER" -v capture --netns "$client" -c 20 -w "$file"
		) >"$out" 2>"$out.err" || status=$?
		[ "$status" = 0 ] || { echo "closed: $closed: $status" >&2; return 1; }
		readable "$file"
		[ "$(count_in "$file")" = 20 ]
		[ ! -s "$out" ]
	done
	for command in "trace --netns $client -c 3" "who -o json" "map" "flows --netns $client --once -i 0.1" "capture --netns $client -c 3"; do
		status=0
		# shellcheck disable=SC2086
		(exec >&-; exec timeout 20 "$FLOWNER" $command) 2>"$out" || status=$?
		[ "$status" = 1 ] || { echo "$command: $status" >&2; cat "$out" >&2; return 1; }
		grep -q 'Bad file descriptor' "$out"
		status=0
		# shellcheck disable=SC2086
		(exec 2>&-; exec timeout 20 "$FLOWNER" $command) >"$out" || status=$?
		[ "$status" = 0 ]
		tame "$out"
		[ -s "$out" ]
	done
	[ "$("$FLOWNER" capture -r - <&- 2>&1 | grep -c '^flowner: -: .*Bad file descriptor')" = 1 ]
}

@test "Ctrl-C twice, a storm of SIGSTOP and SIGCONT, kill -9 and again: the counts are right each time" {
	for command in trace flows capture; do
		case $command in
		trace) set -- trace --netns "$client" --netns "$server" -o json ;;
		flows) set -- flows --netns "$client" -o json -i 0.1 ;;
		capture) set -- capture --netns "$client" 'tcp port 9000 and tcp[tcpflags] == tcp-syn' ;;
		esac
		"$FLOWNER" "$@" >"$out" 2>"$out.err" 3>&- &
		pid=$!
		wait_for 30 grep -qE 'tracing|watching|capturing' "$out.err"
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null || true
		background "$FLOWNER" "$@" >"$out" 2>"$out.err"
		pid=$bg
		wait_for 30 grep -qE 'tracing|watching|capturing' "$out.err"
		(for _ in $(seq 100); do kill -STOP "$pid"; kill -CONT "$pid"; done) 3>&- &
		storm=$!
		in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 200 -c 2 >/dev/null
		wait "$storm"
		kill -INT "$pid"
		kill -INT "$pid" 2>/dev/null || true
		wait "$pid"
		case $command in
		trace) trace_out=$out; expect 200 '.type=="connect"'; expect 400 '.type=="close"' ;;
		flows) [ "$(jq -c 'select(.final and .dst.port == 9000) | .src.port' "$out" | sort -u | wc -l)" = 200 ] ;;
		capture) [ "$(wc -l <"$out")" = 200 ] ;;
		esac
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# The system calls that are left to flowner once it runs: tests/tools/make_do.c makes it do others, as an attacker within it
# would. That all it needs itself passes, while namespaces, links and containers come, is what all other tests show.

load lib.bash
load privileges_lib.bash

setup() {
	bats_require_minimum_version 1.5.0
	make_do=${FLOWNER%/*}/tests/tools/make_do
	[ -x "$make_do" ] || skip "tests/tools/make_do is not built"
	[ "$(uname -m)" = x86_64 ] || skip "tests/tools/make_do knows x86_64 only"
	name=$(random_name x)
	pair "$name"
	client=$name-client server=$name-server
	err=$BATS_TEST_TMPDIR/err target=$BATS_TEST_TMPDIR/target
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_background
	remove_netns
}

# Names of what they mean to the kernel, for arguments.
cwd=-100 wronly=0x1 creat=0x40 excl=0x80 trunc=0x200 nofollow=0x20000
prog_load=5 obj_pin=6 token_create=36
netlink=16 inet=2 inet6=10 packet=17 raw=3 dgram=2 udp=17
exec_page="0 4096 5 0x22 -1 0"

# run_flowner READY ARGS…: running, in $bg; READY is what it says when its filter is in place.
run_flowner() {
	local ready=$1
	shift
	background "$FLOWNER" "$@" >out 2>"$err"
	wait_for 30 grep -q "$ready" "$err" || { cat "$err" >&2; return 1; }
}

# stops_at CALL ARGS…: process $bg is ended at it, with a line that names it.
stops_at() {
	local status=0
	run -0 "$make_do" "$bg" "$@"
	[ "$output" = SIGSYS ] || { echo "$* returned $output" >&2; return 1; }
	wait "$bg" || status=$?
	[ "$status" = 1 ]
	grep -qE "^flowner: stopped: system call [0-9]+, $1\\(.*please report this line$" "$err" || { cat "$err" >&2; return 1; }
}

# passes CALL ARGS…: process $bg makes it, and goes on.
passes() {
	run -0 "$make_do" "$bg" "$@"
	[[ $output =~ ^[0-9]+$ ]] || { echo "$* returned $output" >&2; return 1; }
}

# What the sanitizers' own work takes is not closed in their builds.
sanitized() {
	nm "$FLOWNER" 2>/dev/null | grep -q __asan_init
}

# somebody: a process whose pid is in $other, and is still there when the test ends.
somebody() {
	background sleep 1000
	other=$bg
}

trace_run() { run_flowner tracing trace --netns "$client" -o json; }

@test "trace: no program is executed, nothing is written, no program loaded, nobody talked to, no namespace entered" {
	not_for_coverage
	echo mine >"$target"
	somebody
	for call in "execve str:/bin/true 0 0" "openat $cwd str:made $((creat | wronly)) 0600" "openat $cwd str:target $wronly" \
		"open str:target $((trunc | wronly))" "creat str:made 0600" "unlink str:target" "rename str:target str:made" \
		"openat2 $cwd str:made 0 24" "bpf $prog_load 0 0" "bpf $obj_pin 0 0" "socket $inet $dgram $udp" "socket $netlink $raw 0" \
		"setns 0 0x40000000" "setpriority 0 $other 5" "setpriority 2 0 5" "kill $other 0" "tgkill $other $other 6" "open_by_handle_at 0 0 0" "mmap $exec_page" "ioctl 0 0x5412" "io_uring_setup 1 0" "connect 0 0 0"; do
		case $call in mmap*) if sanitized; then continue; fi ;; esac
		trace_run
		# shellcheck disable=SC2086
		stops_at $call
	done
	[ ! -e made ]
	[ "$(cat target)" = mine ]
	kill -0 "$other"
}

@test "trace goes on after what it is let do" {
	trace_run
	passes getpid
	passes setpriority 0 0 0
	passes openat $cwd str:/proc/self/status 0
	passes newfstatat $cwd str:/proc/1 str:buffer-of-two-hundred-bytes-that-is-overwritten 0
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 3 >/dev/null
	three() { [ "$(grep -c '"type":"close"' out)" = 3 ]; }
	wait_for 20 three
}

@test "flows: programs for links may be loaded, but nothing is executed, written, or sent elsewhere" {
	not_for_coverage
	echo mine >"$target"
	somebody
	for call in "execve str:/bin/true 0 0" "openat $cwd str:target $wronly" "bpf $obj_pin 0 0" "socket $packet $raw 768" \
		"socket $inet 1 6" "socket $netlink $raw 4" "kill $other 15" "tgkill $other $other 6" "setns 0 0x10000000" "unshare 0x40000000"; do
		run_flowner watching flows --netns "$client" -i 0.2
		# shellcheck disable=SC2086
		stops_at $call
	done
	run_flowner watching flows --netns "$client" -i 0.2
	passes socket $netlink $raw 0
	passes socket $inet6 $dgram $udp
	# What newer libbpf does: it goes on without a token.
	passes memfd_create str:x 0
	run -0 "$make_do" "$bg" bpf $token_create 0 0
	[ "$output" = -2 ]
	stop "$bg"
	[ "$(cat target)" = mine ]
	kill -0 "$other"
}

@test "capture: a rotation makes new files, and nothing but new ones; without it none are made" {
	not_for_coverage
	echo mine >"$target"
	for call in "openat $cwd str:target $wronly" "openat $cwd str:made $((wronly | creat | excl)) 0600" \
		"openat $cwd str:made $((wronly | creat | nofollow)) 0600"; do
		rm -f many.0001
		run_flowner capturing capture --netns "$client" -w many --rotate 100
		# shellcheck disable=SC2086
		stops_at $call
	done
	rm -f many.0001
	run_flowner capturing capture --netns "$client" -w many --rotate 100
	passes openat $cwd str:new $((wronly | creat | excl | nofollow)) 0600
	[ -e new ]
	stop "$bg"
	run_flowner capturing capture --netns "$client" -w one
	stops_at openat $cwd str:made $((wronly | creat | excl | nofollow)) 0600
	[ ! -e made ]
	[ "$(cat target)" = mine ]
}

@test "capture -r, who and map: nothing but reading and writing what is open" {
	not_for_coverage
	mkfifo in
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	for call in "socket 1 $dgram 0" "bpf 1 0 0" "execve str:/bin/true 0 0" "openat $cwd str:/etc/passwd 0" "newfstatat $cwd str:/etc/passwd 0 0"; do
		case $call in openat* | newfstatat*) if sanitized; then continue; fi ;; esac
		exec 8<>in
		background "$FLOWNER" capture -r - <in >out 2>"$err" 8>&-
		wait_for 20 confined
		# shellcheck disable=SC2086
		stops_at $call
		exec 8>&-
		for cmd in "who --listening --netns $server" "map --netns $client"; do
			# shellcheck disable=SC2086
			stuck_start "$FLOWNER" $cmd
			wait_for 20 confined
			err=$stuck.err
			# shellcheck disable=SC2086
			stops_at $call
			exec 9>&-
		done
		err=$BATS_TEST_TMPDIR/err
	done
}

@test "local time, a terminal that changes its size and a full pipe are no reasons to be stopped" {
	# glibc looks at /etc/localtime when it first needs to, and tables ask the terminal how wide it is.
	background env -u TZ script -qfec "stty rows 20 cols 70; exec $FLOWNER flows --netns $client -i 0.1 -d 3" typescript </dev/null
	wait_for 30 grep -qa "LINK" typescript
	flowner=$(pgrep -P "$(pgrep -P "$bg")" || pgrep -P "$bg")
	terminal=$(readlink "/proc/${flowner%%$'\n'*}/fd/1")
	stty -F "$terminal" rows 10 cols 40
	wait "$bg"
	refute grep -a 'stopped' typescript
	grep -qa 'counted on' typescript
	background in_ns "$client" tcpdump -Z root -U -c 2 -i eth0 -w packets icmp 2>"$err"
	tcpdump=$bg
	wait_for 20 grep -q 'listening on' "$err"
	in_ns "$client" ping -q -c 1 10.9.0.2 >/dev/null
	wait "$tcpdump"
	run -0 env -u TZ "$FLOWNER" capture -r packets -X
	[[ $output == *"ICMP echo reply"* ]]
}

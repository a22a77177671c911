#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# Files that flowner writes, in a folder where others have been before.

load lib.bash

setup() {
	bats_require_minimum_version 1.5.0
	name=$(random_name o)
	pair "$name"
	client=$name-client
	err=$BATS_TEST_TMPDIR/err
	# Like /tmp: everybody's, and sticky.
	dir=$BATS_TEST_TMPDIR/everybodys
	mkdir "$dir"
	chmod 1777 "$dir"
	echo mine >"$BATS_TEST_TMPDIR/target"
	chmod 644 "$BATS_TEST_TMPDIR/target"
}

teardown() {
	end_background
	remove_netns
}

capture() {
	timeout 60 "$FLOWNER" capture --netns "$client" "$@"
}

# refused WHY FILE ARGS…: exit 1 or 4, and a line that names the file and says why.
refused() {
	local why=$1 file=$2
	shift 2
	run --separate-stderr capture -d 20 -w "$@"
	[ "$status" = 1 ] || [ "$status" = 4 ] || { echo "exit $status: $stderr" >&2; return 1; }
	[[ $stderr == *"cannot write to $file: $why"* ]] || { echo "$stderr" >&2; return 1; }
}

untouched() {
	[ "$(cat "$BATS_TEST_TMPDIR/target")" = mine ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/target")" = 644 ]
}

@test "a link, hard or symbolic, a pipe of somebody else's, a folder: not written to, what it leads to neither" {
	ln -s "$BATS_TEST_TMPDIR/target" "$dir/symbolic"
	ln -s "$BATS_TEST_TMPDIR/nothing" "$dir/dangling"
	ln -s /dev/null "$dir/device"
	ln "$BATS_TEST_TMPDIR/target" "$dir/hard"
	mkdir "$dir/folder"
	mkfifo -m 666 "$dir/pipe"
	chown 65534:65534 "$dir/pipe"
	for link in symbolic dangling device; do
		refused "it is a symbolic link" "$dir/$link" "$dir/$link"
	done
	refused "it is there already" "$dir/hard" "$dir/hard"
	refused "Is a directory" "$dir/folder" "$dir/folder"
	# A reader, who has been waiting for it.
	background cat "$dir/pipe" >"$BATS_TEST_TMPDIR/stolen"
	refused "a named pipe of somebody else's" "$dir/pipe" "$dir/pipe"
	[ ! -s "$BATS_TEST_TMPDIR/stolen" ]
	[ ! -e "$BATS_TEST_TMPDIR/nothing" ]
	untouched
}

@test "a pipe of one's own, a device, and a pipe in a folder of its maker's will do" {
	mkfifo "$dir/own"
	background cat "$dir/own" >"$BATS_TEST_TMPDIR/read"
	reader=$bg
	run -0 capture -d 0.2 -w "$dir/own"
	wait "$reader"
	[ "$(head -c 4 "$BATS_TEST_TMPDIR/read" | od -An -tx1 | tr -d ' ')" = 0a0d0d0a ]
	run -0 capture -d 0.2 -w /dev/null
	# As in: mkfifo p; sudo flowner capture -w p
	mkdir "$BATS_TEST_TMPDIR/theirs"
	mkfifo "$BATS_TEST_TMPDIR/theirs/pipe"
	chown -R 65534:65534 "$BATS_TEST_TMPDIR/theirs"
	background cat "$BATS_TEST_TMPDIR/theirs/pipe" >"$BATS_TEST_TMPDIR/read"
	reader=$bg
	run -0 capture -d 0.2 -w "$BATS_TEST_TMPDIR/theirs/pipe"
	wait "$reader"
	[ -s "$BATS_TEST_TMPDIR/read" ]
}

@test "a file is its owner's alone, whatever the umask" {
	for mask in 0 022 077 0777; do
		run -0 bash -c "umask $mask; exec timeout 60 $FLOWNER capture --netns $client -d 0.2 -w $dir/with-$mask"
		[ "$(stat -c %a "$dir/with-$mask")" = 600 ]
		run -0 bash -c "umask $mask; exec timeout 60 $FLOWNER capture --netns $client -d 0.2 -w $dir/many-$mask --rotate 10"
		[ "$(stat -c %a "$dir/many-$mask.0001")" = 600 ]
	done
}

# The second file is made when capabilities are given up and system calls are filtered.
@test "a rotation makes files that were not there, and ends at a link or a pipe in the place of one" {
	for planted in symbolic hard pipe folder; do
		file=$dir/$planted
		case $planted in
		symbolic) ln -s "$BATS_TEST_TMPDIR/target" "$file.0003" ;;
		hard) ln "$BATS_TEST_TMPDIR/target" "$file.0003" ;;
		pipe) mkfifo "$file.0003" ;;
		folder) mkdir "$file.0003" ;;
		esac
		background bash -c "umask 0777; exec $FLOWNER capture --netns $client -w $file --rotate 0.2" 2>"$err"
		capture=$bg
		wait_for 30 grep -q capturing "$err"
		background in_ns "$client" ping -q -i 0.05 10.9.0.2 >/dev/null
		ping=$bg
		status=0
		wait "$capture" || status=$?
		stop "$ping" || true
		[ "$status" = 1 ] || { cat "$err" >&2; return 1; }
		grep -q "cannot write to $file.0003: it is there already" "$err" || { cat "$err" >&2; return 1; }
		for n in 1 2; do
			[ "$(stat -c %a "$file.000$n")" = 600 ]
			tcpdump -n -r "$file.000$n" >"$BATS_TEST_TMPDIR/read.$n" 2>/dev/null
		done
		# The first is over before the first packet, if that takes its time.
		grep -q ICMP "$BATS_TEST_TMPDIR/read.2"
	done
	untouched
}

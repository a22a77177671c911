#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# A machine that lacks something: descriptors, memory, file systems that are expected to be there. What can be done without is
# done without; else one line says what is wrong, with an exit code of the contract.

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	pair "$name"
	client=$name-client server=$name-server
	out=$BATS_TEST_TMPDIR/out
	serve_in "$server" 9000
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 300 >/dev/null
	held_open() { [ "$(in_ns "$client" ss -Htn state established | wc -l)" = 1 ]; }
	wait_for 20 held_open
}

teardown() {
	end_background
	remove_netns
}

# commands: one of each kind, each short.
commands() {
	cat <<-END
		trace --netns $client -d 0.3
		trace -o json -d 0.3
		flows --netns $client --once -i 0.3
		who --netns $client
		map
		map -o json --routes --neigh --fdb
		capture --netns $client -d 0.3
	END
}

# sees_it COMMAND…: run so, who sees the one connection with both its ends.
sees_it() {
	"$@" who --netns "$client" -o json >"$out" 2>"$out.err"
	jq -e '.client.owner.comm == "flowner" and .server.owner.comm == "flowner"' "$out" >/dev/null || { cat "$out" "$out.err" >&2; return 1; }
}

# ends_well COMMAND…: 0, or a code of the contract with one line at the end that says what; no sanitizer, no signal.
ends_well() {
	local status=0
	"$@" >"$out" 2>"$out.err" || status=$?
	no_sanitizer "$out.err"
	tame "$out.err"
	case $status in
	0) ;;
	1 | 3 | 4) [ "$(grep -cE '^flowner: .+' "$out.err")" -ge 1 ] ;;
	*) echo "$*: $status" >&2; cat "$out.err" >&2; return 1 ;;
	esac
	ended=$status
}

@test "without HOME, with an empty environment, and with a megabyte of it" {
	big=$(printf 'x%.0s' {1..100000})
	while read -r command; do
		# shellcheck disable=SC2086
		ends_well env -u HOME timeout 60 "$FLOWNER" $command
		[ "$ended" = 0 ]
		# shellcheck disable=SC2086
		ends_well env -i timeout 60 "$FLOWNER" $command
		[ "$ended" = 0 ]
		# shellcheck disable=SC2086
		ends_well env A="$big" B="$big" C="$big" D="$big" E="$big" F="$big" G="$big" H="$big" I="$big" J="$big" timeout 60 "$FLOWNER" $command
		[ "$ended" = 0 ]
	done < <(commands)
	sees_it env -i "$FLOWNER"
	# Arguments without end are too many, or wrong, in one line.
	run -2 --separate-stderr "$FLOWNER" trace $(printf -- '--port %d ' {1..5000})
	one_line "$stderr"
	run -2 --separate-stderr "$FLOWNER" who "$big"
	[ "$(wc -l <<<"$stderr")" = 1 ]
	run -2 --separate-stderr "$FLOWNER" capture "$(printf '(%.0s' {1..50000})"
	[ "$(wc -l <<<"$stderr")" = 1 ]
	run -2 --separate-stderr "$FLOWNER" $'no\033[31msuch'
	one_line "$stderr"
	tame <(echo "$stderr")
}

@test "few descriptors: 96 do; with fewer it is said that there are too few" {
	while read -r command; do
		# shellcheck disable=SC2086
		ends_well timeout 60 sh -c 'ulimit -n 96; exec "$@"' - "$FLOWNER" $command
		[ "$ended" = 0 ] || { echo "$command" >&2; cat "$out.err" >&2; return 1; }
		refute grep -i 'too many open' "$out.err"
		for few in 8 12 16 24 32 64; do
			# shellcheck disable=SC2086
			ends_well timeout 60 sh -c "ulimit -n $few; exec \"\$@\"" - "$FLOWNER" $command
			[ "$ended" = 0 ] || [ "$ended" = 1 ] || { echo "$few: $command: $ended" >&2; cat "$out.err" >&2; return 1; }
		done
	done < <(commands)
	sees_it sh -c 'ulimit -n 96; exec "$@"' - "$FLOWNER"
}

@test "no locked memory, and next to no memory: it runs, or says that it is too little" {
	sees_it sh -c 'ulimit -l 0; exec "$@"' - "$FLOWNER"
	# AddressSanitizer wants terabytes of addresses, and does not bear a malloc(3) that fails (strdup(3)).
	plain_build
	while read -r command; do
		# With less not even its libraries find room.
		for kib in 14000 18000 24000 28000 32000 40000 64000; do
			# shellcheck disable=SC2086
			ends_well timeout 60 sh -c "ulimit -v $kib; exec \"\$@\"" - "$plain" $command
			refute grep -E 'kernel cannot|not permitted' "$out.err"
		done
	done < <(commands)
}

# in_mounts SCRIPT COMMAND…: SCRIPT changes the mounts of COMMAND's own mount namespace.
in_mounts() {
	unshare -m --propagation private sh -c "set -e; $1; exec timeout 60 \"\$@\"" - "${@:2}"
}

@test "/run/netns missing, empty, read-only; /run itself missing: namespaces are found by their processes" {
	inode=$(stat -c %i "/run/netns/$client")
	for script in 'mount -t tmpfs none /run' 'mount -t tmpfs none /run/netns' 'mount -t tmpfs -o ro none /run' 'mount --bind /run /run && mount -o remount,ro,bind /run'; do
		while read -r command; do
			command=${command//$client/$inode}
			# shellcheck disable=SC2086
			ends_well in_mounts "$script" timeout 60 "$FLOWNER" $command
			[ "$ended" = 0 ] || { echo "$script: $command" >&2; cat "$out.err" >&2; return 1; }
		done < <(commands)
		in_mounts "$script" "$FLOWNER" who --netns "$inode" -o json >"$out"
		[ "$(jq -c '[.client.netns.inode, .client.owner.comm, .server.owner.comm]' "$out")" = "[$inode,\"flowner\",\"flowner\"]" ]
	done
}

@test "no cgroups mounted, no tracefs, an empty /proc/sys: everything runs" {
	for script in 'umount -R /sys/fs/cgroup' 'mount -t tmpfs none /sys/kernel/debug; umount -R /sys/kernel/tracing 2>/dev/null || true' 'mount -t tmpfs none /proc/sys'; do
		while read -r command; do
			# shellcheck disable=SC2086
			ends_well in_mounts "$script" timeout 60 "$FLOWNER" $command
			[ "$ended" = 0 ] || { echo "$script: $command" >&2; cat "$out.err" >&2; return 1; }
		done < <(commands)
		sees_it in_mounts "$script" "$FLOWNER"
	done
}

@test "no /proc, no /sys: one line says what is missing, and it ends" {
	# AddressSanitizer's options are in /proc too.
	plain_build
	for script in 'mount -t tmpfs none /proc' 'mount -t tmpfs none /sys' 'umount -l /proc' 'mount -t proc -o hidepid=2 none /proc'; do
		while read -r command; do
			# shellcheck disable=SC2086
			ends_well in_mounts "$script" timeout 60 "$plain" $command
			case $script in
			*hidepid*) [ "$ended" = 0 ] ;;
			*) [ "$ended" != 0 ] || [ -s "$out" ] || [[ $command == *"-d 0.3" ]] || { echo "$script: $command says nothing" >&2; return 1; } ;;
			esac
		done < <(commands)
	done
	# Without the kernel's types no program fits: this kernel cannot, as far as can be seen.
	run -3 --separate-stderr in_mounts 'mount -t tmpfs none /sys' "$FLOWNER" trace -d 0.1
	one_line "$stderr"
	[[ $stderr == *BTF* ]]
}

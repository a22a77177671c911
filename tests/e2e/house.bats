#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The house rules of CONTRIBUTING.md that a machine can check.

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
}

# includes ROOM: the rooms that its files include from.
includes() {
	grep -rhoE '^#include "[a-z]+/' "user/$1" | sed 's/.*"//; s,/,,' | sort -u
}

# allowed ROOM ROOMS…
allowed() {
	local room=$1 other
	shift
	for other in $(includes "$room"); do
		[[ " $room $* " == *" $other "* ]] || { echo "user/$room includes from user/$other" >&2; return 1; }
	done
}

@test "dependencies point downwards only" {
	allowed base
	allowed model base
	allowed net model base
	allowed collect net model base
	allowed lab net model base
	allowed echo model base
	allowed out model base
	allowed cmd collect lab echo out model base
}

@test "BPF objects are for collect alone" {
	! grep -rlE '\.skel\.h|bpf/(lib)?bpf\.h|bpf/btf\.h' user --include='*.[ch]' | grep -v '^user/collect/'
}

@test "only out/ writes to stdout, commands by its buffers" {
	! grep -rnE '\b(printf|puts|putchar|perror)\(' user --include='*.c' | grep -vE 'user/(base/log|base/buf|out/)' |
		grep -vE 'snprintf|vsnprintf|buf_printf|log_|fprintf|vfprintf'
}

@test "no call that forgets a length" {
	! grep -rnE '\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|gets|alloca)\(' user bpf --include='*.[ch]'
}

@test "options of libbpf are set field by field (collect/libbpf_opts.h)" {
	! grep -rnE '^[^*]*LIBBPF_OPTS\(' user
}

@test "every option stands in the man page" {
	for c in '' trace flows who map capture doctor 'lab up' 'lab down' 'lab show' 'echo serve' 'echo ping'; do
		# shellcheck disable=SC2086
		"${FLOWNER:-build/flowner}" $c --help | grep -oE '^ +(-.,)? *--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' >"$BATS_TEST_TMPDIR/has"
		[ -s "$BATS_TEST_TMPDIR/has" ]
		scripts/gen-man "${FLOWNER:-build/flowner}" <<<"@OPTIONS $c@" | sed 's/\\-/-/g' >"$BATS_TEST_TMPDIR/man"
		while read -r option; do
			grep -qF -- "$option" "$BATS_TEST_TMPDIR/man"
		done <"$BATS_TEST_TMPDIR/has"
		grep -qE "^@OPTIONS $c *@$" man/flowner.8.in
	done
}

@test "files stay under 600 lines" {
	[ -z "$(wc -l bpf/*.[ch] user/*.[ch] user/*/*.[ch] tests/*/*.[ch] | awk '$2!="total" && $1>600')" ]
}

@test "nothing lies about at the top" {
	git rev-parse --is-inside-work-tree >/dev/null 2>&1 || skip "not a git checkout"
	expected='.ci .clang-format .editorconfig .gitignore CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md SECURITY.md
		bpf docs man scripts tests user vmlinux'
	diff <(git ls-files | cut -d/ -f1 | sort -u) <(printf '%s\n' $expected | sort -u)
}

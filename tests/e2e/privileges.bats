#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# What flowner may do once it runs, by the kernel's account.

load lib.bash

setup() {
	name=$(random_name p)
	pair "$name"
	client=$name-client server=$name-server
}

teardown() {
	end_background
	remove_netns
}

# may CAPABILITIES…: what process $bg has, permitted and effective, is these and no others; nor can it get any.
may() {
	local want=0 cap
	local -A bit=([dac_override]=1 [dac_read_search]=2 [net_admin]=12 [sys_ptrace]=19 [sys_admin]=21 [perfmon]=38 [bpf]=39)
	for cap; do
		want=$((want | 1 << ${bit[$cap]}))
	done
	want=$(printf '%016x' $want)
	for set in CapPrm CapEff; do
		[ "$(awk -v k=$set: '$1 == k { print $2 }' /proc/"$bg"/status)" = "$want" ] || { grep Cap /proc/"$bg"/status >&2; return 1; }
	done
	[ "$(awk '$1 == "NoNewPrivs:" { print $2 }' /proc/"$bg"/status)" = 1 ]
}

needed=(bpf perfmon net_admin sys_admin sys_ptrace dac_read_search)

@test "trace keeps what following processes and namespaces takes" {
	trace_start --netns "$client"
	may "${needed[@]}"
	in_ns "$server" true
	trace_stop
}

@test "flows too, and goes on watching links that come" {
	background "$FLOWNER" flows --netns "$client" -i 0.2 -o json >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	wait_for 20 grep -q 'watching' "$BATS_TEST_TMPDIR/err"
	may "${needed[@]}"
	ip -n "$client" link add late0 type veth peer name late1
	ip -n "$client" link set late0 up
	ip -n "$client" link set late1 up
	wait_for 20 grep -q '"late[01]"' "$BATS_TEST_TMPDIR/out"
}

@test "capture too; with files to come it may make them" {
	background "$FLOWNER" capture --netns "$client" -w "$BATS_TEST_TMPDIR/one" 2>"$BATS_TEST_TMPDIR/err"
	wait_for 20 grep -q 'capturing' "$BATS_TEST_TMPDIR/err" || { cat "$BATS_TEST_TMPDIR/err" >&2; return 1; }
	may "${needed[@]}"
	background "$FLOWNER" capture --netns "$client" -w "$BATS_TEST_TMPDIR/many" --rotate 1 2>"$BATS_TEST_TMPDIR/err2"
	wait_for 20 grep -q 'capturing' "$BATS_TEST_TMPDIR/err2"
	may "${needed[@]}" dac_override
}

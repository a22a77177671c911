# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of what flowner may do: run it with few capabilities, and look at what it has.

declare -gA cap_bit=([dac_override]=1 [dac_read_search]=2 [net_broadcast]=11 [net_admin]=12 [sys_ptrace]=19 [sys_admin]=21 [sys_nice]=23 [perfmon]=38 [bpf]=39)

# reachable_flowner: one that user 65534 can get at, in $flowner; a temporary folder, which forget_flowner removes.
reachable_flowner() {
	reachable=$(mktemp -d)
	chmod 755 "$reachable"
	cp "$FLOWNER" "$reachable/flowner"
	flowner=$reachable/flowner
}

forget_flowner() {
	[ -z "${reachable-}" ] || rm -rf "$reachable"
}

# with WHO CAPABILITIES COMMAND…: as WHO, root or user (65534, by ambient capabilities), with these capabilities, a,b,c or
# none, and no way to others.
with() {
	local who=$1 caps=-all cap
	for cap in ${2//,/ }; do
		[ "$cap" = none ] || caps=$caps,+$cap
	done
	shift 2
	# Not in a subshell of its own: `background with …` has the pid of flowner itself.
	if [ "$who" = root ]; then
		exec setpriv --bounding-set="$caps" --inh-caps=-all --ambient-caps=-all "$@"
	fi
	exec setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set="$caps" --inh-caps="$caps" --ambient-caps="$caps" "$@"
}

# status FIELD: of process $bg.
status() {
	awk -v k="$1:" '$1 == k { print $2 }' /proc/"$bg"/status
}

confined() { [ "$(status Seccomp)" = 2 ]; }

# may CAPABILITIES…: what process $bg has, permitted and effective, is these and no others; nor can it get any, nor make
# system calls that are not filtered.
may() {
	local want=0 cap set
	for cap; do
		want=$((want | 1 << ${cap_bit[$cap]}))
	done
	want=$(printf '%016x' $want)
	for set in CapPrm CapEff; do
		[ "$(status $set)" = "$want" ] || { echo "$set is not $want" >&2; grep Cap /proc/"$bg"/status >&2; return 1; }
	done
	for set in CapInh CapBnd CapAmb; do
		[ "$(status $set)" = 0000000000000000 ] || { grep Cap /proc/"$bg"/status >&2; return 1; }
	done
	[ "$(status NoNewPrivs)" = 1 ]
	confined
}

# stuck_start COMMAND…: run it with an output that takes nothing, so that it hangs as soon as it has something to say.
# stuck_end: let it go on.
stuck_start() {
	stuck=$BATS_TEST_TMPDIR/stuck.$RANDOM
	mkfifo "$stuck"
	exec 9<>"$stuck"
	timeout 1 dd if=/dev/zero of="$stuck" oflag=nonblock bs=4096 2>/dev/null || true
	background "$@" >"$stuck" 2>"$stuck.err" 9>&-
}

stuck_end() {
	cat <&9 >"$stuck.out" 3>&- &
	local reader=$! status=0
	wait "$bg" || status=$?
	kill "$reader"
	exec 9>&-
	return "$status"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server      and 4,096 more network namespaces, each held by a process of hostile.py
#
# Everything that there is too much of. The processes have a death signal: with hostile.py they go, however the test ends.

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
}

teardown() {
	end_background
	remove_netns
}

# within SECONDS KIB COMMAND…: it ends with 0 in that time and with no more memory than that; /usr/bin/time's measure is getrusage's.
within() {
	python3 - "$@" >"$out" 2>"$out.err" <<'PY' || { tail -n5 "$out.err" >&2; return 1; }
import os, resource, subprocess, sys, time
seconds, kib = float(sys.argv[1]), int(sys.argv[2])
begin = time.monotonic()
status = subprocess.run(sys.argv[3:], timeout=seconds).returncode
took, peak = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("%.1f s, %d KiB: %s" % (took, peak, " ".join(sys.argv[3:])), file=sys.stderr)
if status or peak > kib:
    sys.exit("status %d, %d KiB of %d" % (status, peak, kib))
PY
	echo "# $(grep KiB: "$out.err" | sed "s,$FLOWNER,flowner,")" >&3
}

# bats test_tags=slow
@test "4,096 namespaces: all are found, in time and in bounded memory, with a soft limit of 64 descriptors, and none is left when they go" {
	free=$(($(cat /proc/sys/user/max_net_namespaces) - $(lsns -t net -n 2>/dev/null | wc -l)))
	[ "$free" -ge 4200 ] || skip "no more than $free network namespaces here"
	serve_in "$server" 9000
	patience=300 hold "" netns 4096
	pgrep -P "$holder" | while read -r pid; do stat -Lc %i "/proc/$pid/ns/net"; done | sort >"$out.true"
	[ "$(sort -u "$out.true" | wc -l)" = 4096 ]
	background in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 300 >/dev/null
	here() { [ "$(in_ns "$client" ss -Htn state established | wc -l)" = 1 ]; }
	wait_for 20 here
	# The sanitizer takes its part of the memory.
	ulimit -Sn 64
	# Each looks into 4,096 places, on a machine that others use too.
	FLOWNER_SLOW=5
	within 120 1500000 "$FLOWNER" map -o json
	json_lines "$out"
	comm -23 "$out.true" <(jq .netns.inode "$out" | sort) >"$out.missing"
	[ ! -s "$out.missing" ]
	within 120 1500000 "$FLOWNER" who --netns "$client" -o json
	[ "$(jq -c '[.client.owner.comm, .server.netns.name]' "$out")" = "[\"flowner\",\"$server\"]" ] ||
		{ cat "$out" "$out.err" >&2; false; }
	inode=$(head -n1 "$out.true")
	"$FLOWNER" map --netns "$inode" >"$out"
	grep -q "netns $inode" "$out"

	trace_start --netns "$client"
	flows_start --netns "$client" --netns "$server"
	capture_start --netns "$client" -w "$BATS_TEST_TMPDIR/file.pcapng" 'tcp port 9000'
	in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 7 >/dev/null
	# While they run the 4,096 end.
	let_go
	in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 5 >/dev/null
	trace_stop
	flows_stop
	capture_stop
	expect 12 '.type=="connect"'
	[ "$(final '.dst.port==9000 and .proto=="tcp"' | jq .src.port | sort -u | wc -l)" -ge 12 ] ||
		{ grep ^flowner "$flows_err" >&2; final true | jq -c '[.netns.name, .link.name, .proto, .src.port, .dst.port]' >&2; false; }
	readable "$BATS_TEST_TMPDIR/file.pcapng"
	[ "$(tcpdump -n -r "$BATS_TEST_TMPDIR/file.pcapng" 'tcp[tcpflags] == tcp-syn' 2>/dev/null | wc -l)" = 12 ]
	"$FLOWNER" map -o json | jq .netns.inode | sort >"$out"
	# An inode may be another's by then, of other tests; not thousands of them.
	[ "$(comm -12 "$out.true" "$out" | wc -l)" -lt 500 ]
}

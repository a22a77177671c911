#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#   10.9.0.1              10.9.0.2
#
# Processes choose their names: escape sequences, newlines, quotes, bytes that are no UTF-8, text that looks like what flowner makes
# of such, a name cut in the middle of a character, none at all. Each command has to show each as what it is, byte for
# byte, and as no other. The witness is prctl(PR_GET_NAME) in that process.

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	pair "$name"
	client=$name-client server=$name-server
	serve_in "$server" 9000
	out=$BATS_TEST_TMPDIR/out
}

teardown() {
	end_background
	remove_netns
}

# the_truth: "port hex" of each, sorted; there are as many as hostile.py has names.
the_truth() {
	grep -v ready "$truth" | jq -r '"\(.port) \(if .hex == "" then "'"''"'" else .hex end)"' | sort >"$truth.sorted"
	[ "$(wc -l <"$truth.sorted")" -ge 15 ]
}

# same_names: the "port hex" lines of stdin are the truth.
same_names() {
	the_truth
	diff "$truth.sorted" <(sort -u) >&2
}

@test "process names: trace shows each as it is, in JSON; none does anything to a terminal" {
	trace_start --netns "$client" --netns "$server"
	background "$FLOWNER" trace --netns "$client" --netns "$server" --columns time,event,netns,process,peer,cgroup \
		>"$out" 2>"$out.err"
	table=$bg
	wait_for 30 grep -q tracing "$out.err"
	hostile_in "$client" names 10.9.0.2 9000
	trace_stop
	stop "$table"
	json_lines "$trace_out"
	tame "$trace_out" "$out"
	events '.type=="connect"' | the_text local.port owner.comm | same_names
	events '.type=="accept"' | the_text remote.port peer.owner.comm | same_names
	events '.type=="close" and .role=="client"' | the_text local.port owner.comm | same_names
	# A line an event: no name has made one of its own. Each says when first.
	n=$(wc -l <"$trace_out")
	[ "$(wc -l <"$out")" = $((n + 1)) ]
	[ "$(tail -n +2 "$out" | grep -cE '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}  ')" = "$n" ]
}

@test "process names: who shows each as it is, and finds it by --comm" {
	hold "$client" names 10.9.0.2 9000 hold
	"$FLOWNER" who --netns "$client" -o json >"$out"
	"$FLOWNER" who --netns "$client" >"$out.table"
	json_lines "$out"
	tame "$out" "$out.table"
	the_text client.local.port client.owner.comm <"$out" | same_names
	# The same sockets as ss has.
	[ "$(wc -l <"$out")" = "$(in_ns "$client" ss -Htn state established | wc -l)" ]
	[ "$(wc -l <"$out.table")" = $((1 + $(wc -l <"$out"))) ]
	for comm in $'\033[2J\033[31m' '\x1b[2J' '"\"}{,"a":"' $'\xff\xfe\x80\xc0' nginx; do
		"$FLOWNER" who --netns "$client" --comm "$comm" -o json | the_text client.owner.comm >"$out.one"
		[ "$(cat "$out.one")" = "$(printf %s "$comm" | od -An -v -tx1 | tr -d ' \n')" ]
	done
	let_go
}

@test "process names: flows has them as owners, as they are" {
	flows_start --netns "$client" --netns "$server" -i 0.2
	background "$FLOWNER" flows --netns "$client" --netns "$server" -i 0.2 >"$out" 2>"$out.err"
	table=$bg
	wait_for 30 grep -q watching "$out.err"
	hostile_in "$client" names 10.9.0.2 9000
	flows_stop
	stop "$table"
	json_lines "$flows_out"
	tame "$flows_out" "$out"
	final '.proto=="tcp" and .dst.port==9000' | the_text src.port owner.comm | same_names
	final '.proto=="tcp" and .src.port==9000' | the_text dst.port peer_owner.comm | same_names
}

@test "process names: a capture's comments say who; tshark reads them without a warning, -r too" {
	file=$BATS_TEST_TMPDIR/file.pcapng
	capture_start --netns "$client" -w "$file" 'tcp port 9000'
	hostile_in "$client" names 10.9.0.2 9000
	capture_stop
	readable "$file"
	# From tshark, as it reads the comments: their names stand between "from " and "[pid]".
	tshark -n -r "$file" -Y 'frame.comment && tcp.flags.syn == 1 && tcp.flags.ack == 0' -T json -e tcp.srcport -e frame.comment 2>/dev/null |
		jq -c '.[]._source.layers | {port: .["tcp.srcport"][0], comm: (.["frame.comment"][0] | sub("^from ";"") | sub("\\[[0-9]+\\] in .*$";""))}' >"$out"
	[ "$(wc -l <"$out")" -ge 15 ]
	jq -c '{port: (.port | tonumber), comm}' "$out" | the_text port comm | same_names
	"$FLOWNER" -q capture -r "$file" >"$out.lines"
	tame "$out.lines"
	# Each packet a line, each comment one, and nothing else.
	[ "$(grep -c '^[0-9]' "$out.lines")" = "$(count_in "$file")" ]
	[ "$(grep -vc '^[0-9]' "$out.lines")" = "$(tshark -n -r "$file" -Y frame.comment -T fields -e frame.number 2>/dev/null | wc -l)" ]
}

@test "process names: map tells by them whose a namespace without a name is" {
	for evil in $'a\nb\tc' $'\033[31m"\\' $'\xff\xfe' $'1234567890123\xe2\x82\xac' '\x1b[2J' ''; do
		background unshare -n python3 -c '
import ctypes, os, sys, time
name = os.fsencode(sys.argv[1])
ctypes.CDLL(None).prctl(15, ctypes.c_char_p(name), 0, 0, 0)
print("named", flush=True)
time.sleep(600)' "$evil" >"$out.named"
		wait_for 20 grep -q named "$out.named"
		inode=$(stat -Lc %i "/proc/$bg/ns/net")
		# The witness, but for the newline at its end.
		head -c -1 "/proc/$bg/comm" | od -An -v -tx1 | tr -d ' \n' >"$out.true"
		[ "$inode" != "$(stat -Lc %i /proc/self/ns/net)" ]
		"$FLOWNER" map --netns "$inode" -o json >"$out.json"
		"$FLOWNER" map --netns "$inode" >"$out.tree"
		"$FLOWNER" map --netns "$inode" -o dot >"$out.dot"
		json_lines "$out.json"
		tame "$out.json" "$out.tree"
		[ "$(jq .process.pid "$out.json")" = "$bg" ]
		[ "$(the_text process.comm <"$out.json" | tr -d "'")" = "$(cat "$out.true")" ]
		dot -Tsvg "$out.dot" >/dev/null
		rm "$out.named"
	done
}

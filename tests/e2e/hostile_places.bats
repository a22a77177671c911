#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   a namespace named by anything that is a file name, in it a veth pair with the other end in NAME-server:
#
#   EVIL eth0 ---- <evil device> NAME-server
#   10.9.0.1       10.9.0.2
#
# Names of namespaces (any file name), devices (anything but '/', ':', '%' and blanks) and cgroups (anything but '/' and newline).

bats_require_minimum_version 1.5.0

load lib.bash
load flows_lib.bash
load capture_lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	evil=$name$(printf '\033[2J"\\n&<\n\\x41\342\200\256\377;|')
	link=$(printf '\033[1m"\\&\377')
	out=$BATS_TEST_TMPDIR/out
	server=$name-server
	new_netns "$server"
	new_netns "$name"
	mkdir -p /run/netns
	: >"/run/netns/$evil"
	mount --bind "/run/netns/$name" "/run/netns/$evil"
	umount "/run/netns/$name"
	rm "/run/netns/$name"
	ip link add eth0 netns "$evil" type veth peer name "$link" netns "$server"
	ip -n "$evil" addr add 10.9.0.1/24 dev eth0
	ip -n "$server" addr add 10.9.0.2/24 dev "$link"
	# An alias is shown by nobody here; it comes with every answer about the device.
	ip -n "$server" link set "$link" alias $'\033[31m "\nalias\\' up
	ip -n "$evil" link set eth0 up
	wait_for 10 up
	inode=$(stat -c %i "/run/netns/$evil")
	hex_netns=$(hex "$evil") hex_link=$(hex "$link")
	group= parent=
}

teardown() {
	end_background
	remove_netns
	umount "/run/netns/$evil" 2>/dev/null
	rm -f "/run/netns/$evil"
	[ -z "$group" ] || wait_for 5 rmdir "$group" || true
	[ -z "$parent" ] || rmdir "$parent" || true
}

hex() {
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

up() {
	ip -n "$server" -br link show "$link" | grep -qa ' UP '
}

ping_evil() {
	in_ns "$evil" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n "${1:-1}" >/dev/null
}

@test "a namespace's name: trace and who have it byte for byte, find it by it, and no terminal obeys" {
	serve_in "$server" 9000
	trace_start --netns "$evil"
	background "$FLOWNER" trace --netns "$evil" >"$out" 2>"$out.err"
	table=$bg
	wait_for 30 grep -q tracing "$out.err"
	ping_evil 3
	trace_stop
	stop "$table"
	json_lines "$trace_out"
	tame "$trace_out" "$out"
	[ "$(events '.type=="connect"' | the_text netns.name netns.inode | uniq -c | awk '{$1=$1};1')" = "3 $hex_netns $inode" ]
	[ "$(wc -l <"$out")" = $((1 + $(wc -l <"$trace_out"))) ]

	background in_ns "$evil" "$FLOWNER" echo ping 10.9.0.2:9000 --hold 60 >/dev/null
	here() { [ "$(in_ns "$evil" ss -Htn state established | wc -l)" = 1 ]; }
	wait_for 20 here
	# Those that are closed are still there for a minute, with the same names.
	"$FLOWNER" who --netns "$evil" -o json >"$out.json"
	jq -c 'select(.client.state == "ESTABLISHED")' "$out.json" >"$out"
	"$FLOWNER" who --netns "$evil" --columns client,server,state,path >"$out.table"
	json_lines "$out.json"
	tame "$out.json" "$out.table"
	[ "$(the_text client.netns.name <"$out")" = "$hex_netns" ]
	[ "$(grep -c ESTAB "$out.table")" = 1 ]
	# The way leads through the device in the other one.
	[ "$(jq -c '.path[]' "$out" | the_text link | paste -sd' ')" = "$(hex eth0) $hex_link" ]
}

@test "names of devices and namespaces: map as a tree, as JSON, and as a picture that graphviz draws" {
	for args in "" "-a --routes --neigh --fdb"; do
		for format in tree json dot; do
			# shellcheck disable=SC2086
			"$FLOWNER" map --netns "$evil" --netns "$server" $args -o $format >"$out.$format" 2>"$out.err"
			# In a picture's text tabs are ours.
			sed 's/^\t*//' "$out.$format" >"$out.text"
			tame "$out.text"
			[ ! -s "$out.err" ]
		done
		json_lines "$out.json"
		dot -Tsvg "$out.dot" >"$out.svg" 2>"$out.err"
		[ ! -s "$out.err" ]
		python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$out.svg"
		# A box a device, a frame a namespace: no name has drawn anything.
		[ "$(grep -c 'class="cluster"' "$out.svg")" = 2 ]
		[ "$(grep -c 'class="edge"' "$out.svg")" = "$(grep -c -- ' -- ' "$out.dot")" ]
	done
	[ "$(jq -c "select(.netns.inode == $inode)" "$out.json" | the_text netns.name)" = "$hex_netns" ]
	[ "$(jq -c "select(.netns.inode != $inode) | .links[] | select(.kind == \"veth\")" "$out.json" | the_text name peer.netns.name)" = "$hex_link $hex_netns" ]
	"$FLOWNER" map "$link" >"$out"
	tame "$out"
	[ "$(wc -l <"$out")" = 1 ]
	"$FLOWNER" map "$evil" -o json >"$out"
	[ "$(the_text name <"$out")" = "$(hex eth0)" ]
	run -6 --separate-stderr "$FLOWNER" map $'no such\n\033[31mthing'
	one_line "$stderr"
	tame <(echo "$stderr")
}

@test "names of devices and namespaces: flows, on the right link, and its warnings" {
	serve_in "$server" 9000
	flows_start --netns "$evil" --netns "$server" --both-ends
	for by in veth netns conn; do
		background "$FLOWNER" flows --netns "$evil" --by $by --once >"$out.$by" 2>"$out.$by.err"
	done
	background "$FLOWNER" flows --netns "$server" --dev "$link" -d 3 --columns netns,link,dir,src,dst,packets,path >"$out" 2>"$out.err"
	last=$bg
	wait_for 30 grep -q watching "$out.err"
	ping_evil 5
	wait "$last"
	flows_stop
	json_lines "$flows_out"
	tame "$flows_out" "$out" "$out.veth" "$out.netns" "$out.conn"
	[ "$(final '.proto=="tcp" and .netns.name!="'"$server"'"' | the_text netns.name link.name link.peer.name link.peer.netns.name | sort -u)" = \
		"$hex_netns $(hex eth0) $hex_link $(hex "$server")" ]
	[ "$(final '.proto=="tcp" and .netns.name=="'"$server"'"' | the_text link.name | sort -u)" = "$hex_link" ]
	# What one end sends the other receives. (Of other packets some came before both ends were watched.)
	[ "$(sum packets '.proto=="tcp" and .netns.name=="'"$server"'" and .direction=="ingress"')" = \
		"$(sum packets '.proto=="tcp" and .netns.name!="'"$server"'" and .direction=="egress"')" ]
	# Something that flowner does not take away is in the way: what it says has the name in it.
	tc -n "$server" qdisc add dev "$link" ingress
	background "$FLOWNER" flows --netns "$server" --both-ends --disable-feature tcx >/dev/null 2>"$out.err"
	wait_for 20 grep -q 'cannot watch .*ingress qdisc is in the way' "$out.err"
	kill -INT "$bg"
	wait "$bg"
	tame "$out.err"
}

@test "names of devices and namespaces: a capture that tshark, capinfos and tcpdump read without a word" {
	file=$BATS_TEST_TMPDIR/$(printf 'f"\033%%s').pcapng
	serve_in "$server" 9000
	capture_start --netns "$evil" --netns "$server" -w "$file"
	ping_evil 2
	capture_stop
	readable "$file"
	[ "$(tshark -n -r "$file" -T fields -e frame.interface_name 2>/dev/null | sort -u | wc -l)" = 2 ]
	tshark -n -r "$file" -T fields -e frame.interface_name -e frame.interface_description -e frame.comment 2>/dev/null >"$out"
	refute grep -qa $'\033' "$out"
	"$FLOWNER" -q capture -r "$file" >"$out"
	tame "$out"
	[ "$(grep -c '^[0-9]' "$out")" = "$(count_in "$file")" ]
	# As lines, at once.
	there=$file file=
	capture_start --netns "$server" --dev "$link" -c 3
	ping_evil
	capture_ended
	tame "$cap_out"
	[ "$(wc -l <"$cap_out")" = 3 ]
	# It is there already: said with its name in it.
	run -1 --separate-stderr "$FLOWNER" capture --netns "$evil" -w "$there"
	[[ $stderr == *"is there already"* ]]
	one_line "$(grep -a 'there already' <<<"$stderr")"
	tame <(echo "$stderr")
}

@test "a cgroup's name: blanks, quotes, escapes, and what looks like a container's but is none" {
	mount=$(awk '$0 ~ / - cgroup [^ ]+ [^ ]*pids/ { print $5; exit }' /proc/self/mountinfo)
	[ -n "$mount" ] || mount=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	parent=$mount/$name
	mkdir "$parent"
	serve_in "$server" 9000
	for last in $' a"\\b:\033[2J\t\377' docker-zz.scope "docker-$(printf '%063d' 0)g.scope" ':0::' "$(printf 'x%.0s' {1..200})"; do
		group=$parent/$last
		mkdir "$group"
		trace_start --netns "$evil"
		sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
			ip netns exec "$evil" "$FLOWNER" -q echo ping 10.9.0.2:9000 >/dev/null
		trace_stop
		json_lines "$trace_out"
		tame "$trace_out"
		[ "$(events '.type=="connect"' | the_text owner.cgroup)" = "$(hex "/$name/$last")" ]
		expect 0 '.owner.container'
		wait_for 5 rmdir "$group"
		group=
	done
}

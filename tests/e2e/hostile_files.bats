#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Files that others write: the state of a container runtime (a folder of Docker's, made by hand, for a cgroup of that name),
# and what lies under /run/netns. Whatever they are, flowner goes on, shows what is sure, and waits for nothing.

bats_require_minimum_version 1.5.0

load lib.bash
load hostile_lib.bash

setup() {
	name=$(random_name h)
	id=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	root=$BATS_TEST_TMPDIR/docker
	out=$BATS_TEST_TMPDIR/out
	mkdir -p "$root/containers/$id"
	config=$root/containers/$id/config.v2.json
	group= made=()
}

teardown() {
	end_background
	remove_netns
	local m
	for m in "${made[@]}"; do
		umount "$m" 2>/dev/null
		rm -rf "$m"
	done
	[ -z "$group" ] || wait_for 5 rmdir "$group" || true
}

# contained: a process in the container's cgroup, in namespace $name.
contained() {
	local mount
	mount=$(awk '$0 ~ / - cgroup [^ ]+ [^ ]*pids/ { print $5; exit }' /proc/self/mountinfo)
	[ -n "$mount" ] || mount=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	new_netns "$name"
	group=$mount/docker-$id.scope
	mkdir "$group"
	background sh -c "echo \$\$ >'$group/cgroup.procs' && exec ip netns exec $name sleep 300"
	wait_for 10 sh -c "[ \$(stat -Lc %i /proc/$bg/ns/net) = \$(stat -c %i /run/netns/$name) ]"
}

# map_it: what map tells of the container, in $out (JSON) and $out.tree, its complaints in $out.err; in time.
map_it() {
	timeout 20 "$FLOWNER" map --netns "$name" --runtime-root "docker=$root" -o json >"$out" 2>"$out.err"
	timeout 20 "$FLOWNER" map --netns "$name" --runtime-root "docker=$root" >"$out.tree" 2>"$out.err2"
	json_lines "$out"
	tame "$out" "$out.tree" "$out.err"
	[ "$(jq -r '.netns.container.id' "$out")" = "$id" ]
	[ "$(jq -r '.netns.container.runtime' "$out")" = docker ]
}

# nameless WHAT: it is known by its id, and that there is something wrong is said in one line.
nameless() {
	map_it || { echo "$1" >&2; return 1; }
	[ "$(jq -r '.netns.container | has("name") or has("image")' "$out")" = false ] || { echo "$1" >&2; cat "$out" >&2; return 1; }
	grep -q "docker ${id:0:12}" "$out.tree"
	one_line "$(cat "$out.err")"
	[[ $(cat "$out.err") == *"config.v2.json: "*"; its containers are shown by their ids" ]]
}

@test "a runtime's file that is no JSON, or never ends: the container is known by its id, which is said" {
	contained
	for text in '' '{' '{"Name":"/web"' '{"Name":"/web","Config":{}} trailing {' 'null' $'\x00\x01\x02' '{"Name":"\ud800"' "$(printf '[%.0s' {1..5000})"; do
		printf '%s' "$text" >"$config"
		case $text in
		*trailing*) map_it ;; # what comes first is whole
		*) nameless "$text" ;;
		esac
	done
	{ printf '{"Name":"/web","Config":'; printf '{"a":%.0s' {1..5000}; printf '1'; printf '}%.0s' {1..5001}; } >"$config"
	nameless "nested"
	truncate -s 1T "$config"
	nameless "huge"
}

@test "a runtime's file that is no file, or leads elsewhere: nothing is read, opened for long, or waited for" {
	contained
	elsewhere=$BATS_TEST_TMPDIR/elsewhere.json
	echo '{"Name":"/stolen","Config":{"Image":"elsewhere"}}' >"$elsewhere"
	for kind in fifo socket directory device loop out proc; do
		rm -rf "$config"
		case $kind in
		fifo) mkfifo "$config" ;;
		socket) python3 -c 'import os, socket, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("config.v2.json")' "${config%/*}" ;;
		directory) mkdir "$config" ;;
		device) mknod "$config" c 1 5 ;; # zeros without end
		loop) ln -s config.v2.json "$config" ;;
		out) ln -s "$elsewhere" "$config" ;;
		proc) ln -s /proc/self/environ "$config" ;;
		esac
		nameless $kind
	done
	# Within the folder a link may lead anywhere.
	rm "$config"
	echo '{"Name":"/inside"}' >"${config%/*}/real.json"
	ln -s real.json "$config"
	map_it
	[ "$(jq -r .netns.container.name "$out")" = inside ]
}

@test "a container's name, image and labels: whatever they are, they are shown as they are" {
	contained
	python3 - "$config" <<'PY'
import json, sys
evil = "\x1b[2J\"\\\n\t\u202e\u200b\x7f\x9b31m<&\\x41"
with open(sys.argv[1], "w") as f:
    json.dump({"Name": "/" + evil, "Config": {"Image": evil + ":1", "Labels": {
        evil: evil, "": "", "number": 5, "list": [], "nul": "a\0b", "long": "\u20ac" * 3000}}}, f)
PY
	map_it
	[ ! -s "$out.err" ]
	python3 - "$out" <<'PY'
import json, re, sys
row = json.load(open(sys.argv[1]))
evil = "\x1b[2J\"\\\n\t\u202e\u200b\x7f\x9b31m<&\\x41"
def plain(s):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), s.encode())
c = row["containers"][0]
assert plain(c["name"]) == evil.encode(), c
assert plain(c["image"]) == (evil + ":1").encode(), c
labels = {plain(k): plain(v) for k, v in c["labels"].items()}
assert labels[evil.encode()] == evil.encode(), labels
assert labels[b""] == b""
assert not {b"number", b"list"} & set(labels)
# Cut off at the NUL it would be another text: it is left out.
assert b"nul" not in labels
assert ("\u20ac" * 3000).encode().startswith(labels[b"long"]) and len(labels[b"long"]) == 4096
PY
	"$FLOWNER" map --netns "$name" --runtime-root "docker=$root" -o dot | dot -Tsvg >"$out.svg"
	# Of the wrong types, and with a NUL: as if they were not there.
	for text in '[]' '"x"' '7' '{"Name":7,"Config":[]}' '{"Name":{},"Config":{"Image":[],"Labels":7}}' '{"Name":"","Config":null}' \
		'{"Name":"/web\u0000evil","Config":{"Image":"\u0000"}}'; do
		echo "$text" >"$config"
		map_it
		[ "$(jq -r '.netns.container | has("name") or has("image")' "$out")" = false ] || { echo "$text" >&2; return 1; }
	done
}

@test "a container that renames itself in flight: each connection has a name that it had, the last has the last" {
	contained
	pair "$name-p"
	client=$name-p-client server=$name-p-server
	serve_in "$server" 9000
	name_it() { echo "{\"Name\":\"/$1\",\"Config\":{\"Image\":\"i\"}}" >"$config.new" && mv "$config.new" "$config"; }
	name_it first
	ping() {
		sh -c "echo \$\$ >'$group/cgroup.procs' && exec ip netns exec $client $FLOWNER -q echo ping 10.9.0.2:9000" >/dev/null
	}
	trace_start --netns "$client" --runtime-root "docker=$root"
	ping
	wait_for 10 seen '.type=="close"'
	expect 1 '.type=="connect" and .owner.container.name=="first"'
	# All the time, also while the file is read, and sometimes to half a file.
	for i in $(seq 200); do
		name_it "between-$i"
		[ $((i % 10)) != 0 ] || { printf '{"Name":"/br' >"$config"; ping; }
	done
	name_it last
	named_last() { ping && seen '.type=="connect" and .owner.container.name=="last"'; }
	wait_for 20 named_last
	trace_stop
	json_lines "$trace_out"
	expect 0 '.type!="lost" and .role=="client" and .owner.container.id!="'"$id"'"'
	expect 0 '.role=="client" and (.owner.container.name // "first" | test("^(first|last|between-[0-9]+)$") | not)'
	# What the broken file says is not believed, and said once a time it is seen.
	refute grep -v 'ends too soon\|flowner: tracing\|events shown' "$trace_err"
}

@test "what else lies under /run/netns: passed over, not opened, and refused by name with one line" {
	mkdir -p /run/netns
	dir=/run/netns/$name
	: >"$dir-stale"
	mkfifo "$dir-fifo"
	mknod "$dir-device" c 1 5
	# A device that nobody is behind: to open it is an error, or worse.
	mknod "$dir-block" b 240 77
	ln -s "$dir-nowhere" "$dir-dangling"
	ln -s "$dir-loop" "$dir-loop"
	mkdir "$dir-folder"
	: >"$dir-uts"
	mount --bind /proc/self/ns/uts "$dir-uts"
	: >"$dir-file"
	mount --bind /etc/hostname "$dir-file"
	made=("$dir-stale" "$dir-fifo" "$dir-device" "$dir-block" "$dir-dangling" "$dir-loop" "$dir-folder" "$dir-uts" "$dir-file")
	new_netns "$name"
	for command in "map -o json" "who -o json" "trace -o json -d 0.3" "flows -o json -d 0.3" "capture -d 0.3 port 1"; do
		# shellcheck disable=SC2086
		timeout 30 "$FLOWNER" $command >"$out" 2>"$out.err" || [ $? = 6 ]
		refute grep -a "$name-" "$out" "$out.err"
	done
	"$FLOWNER" map -o json >"$out"
	[ "$(jq -r '.names[]' "$out" | grep -c "^$name")" = 1 ]
	for m in "${made[@]}"; do
		for spec in "${m##*/}" "$m"; do
			run -2 --separate-stderr timeout 10 "$FLOWNER" trace --netns "$spec"
			one_line "$stderr"
			[[ $stderr == *"--netns $spec: "* ]]
			run timeout 10 "$FLOWNER" map --netns "$spec"
			[ "$status" = 2 ]
		done
	done
}

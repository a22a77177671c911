#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# The container of an owner, from the cgroup that a runtime would have made: here made by hand, with the names the
# runtimes use.

load lib.bash

setup() {
	name=$(random_name k)
	pair "$name"
	client=$name-client server=$name-server
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	id=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	groups=()
}

teardown() {
	end_background
	remove_netns
	for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
		wait_for 5 rmdir "${groups[i]}" || true
	done
}

# mount_of v2|pids: where that hierarchy is mounted, nothing if it is not.
mount_of() {
	case $1 in
	v2) awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo ;;
	pids) awk '$0 ~ / - cgroup [^ ]+ [^ ]*pids/ { print $5; exit }' /proc/self/mountinfo ;;
	esac
}

# make_group MOUNT PATH: that cgroup, in $group, and its parents; teardown removes them.
make_group() {
	local path=$1 part=$2
	for p in ${part//\// }; do
		path=$path/$p
		if [ ! -d "$path" ]; then
			mkdir "$path"
			groups+=("$path")
		fi
	done
	group=$path
}

# ping_from GROUP: one connection by a process in that cgroup.
ping_from() {
	sh -c "echo \$\$ >$1/cgroup.procs && exec ip netns exec $client $FLOWNER echo ping 10.9.0.2:9000" >/dev/null
}

# idle_in GROUP NETNS: a process there, in the background; waits until it is.
idle_in() {
	background sh -c "echo \$\$ >$1/cgroup.procs && exec ip netns exec $2 sleep 100"
	wait_for 10 sh -c "[ \$(stat -Lc %i /proc/$bg/ns/net) = \$(stat -c %i /run/netns/$2) ] && grep -q $id /proc/$bg/cgroup"
}

any_mount() {
	mount=$(mount_of v2)
	[ -n "$mount" ] || mount=$(mount_of pids)
}

@test "flows --container: the links of a container, by the beginning of its id, also if it comes later" {
	any_mount
	make_group "$mount" "system.slice/docker-$id.scope"
	background "$FLOWNER" flows --container "${id:0:12}" -i 0.2 -o json >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	flows=$bg
	wait_for 20 grep -q 'watching 0 links' "$BATS_TEST_TMPDIR/err"
	idle_in "$group" "$server"
	carried() { in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 >/dev/null && grep -q '"port":9000' "$BATS_TEST_TMPDIR/out"; }
	wait_for 20 carried
	kill -TERM "$flows" && wait "$flows"
	# No other link than this one pair.
	refute jq -e "select(.type == \"flow\" and .netns.name != \"$client\" and .netns.name != \"$server\")" "$BATS_TEST_TMPDIR/out"
	# The namespace is the container's then.
	jq -se "any(.[]; .netns.container.id == \"$id\" or .link.peer.netns.container.id == \"$id\")" "$BATS_TEST_TMPDIR/out"
}

@test "trace --container: whoever is in its namespace, and nobody else; also if it comes later" {
	any_mount
	make_group "$mount" "docker/$id"
	trace_start --container "${id:0:20}"
	in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 >/dev/null
	idle_in "$group" "$server"
	# The server is no process of the container, but the namespace is the container's.
	accepted() { in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 >/dev/null && seen '.type=="accept"'; }
	wait_for 20 accepted
	trace_stop
	expect 0 '.type!="lost" and .netns.name!="'"$server"'"'
	[ "$(count_events '.type=="accept" and .netns.container.id=="'"$id"'" and .peer.netns.name=="'"$client"'"')" -ge 1 ]
}

@test "trace --container: in a namespace that is another one's, only its own processes" {
	any_mount
	other=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	make_group "$mount" "docker/$id"
	own=$group
	idle_in "$group" "$client"
	make_group "$mount" "docker/$other"
	trace_start --container "$other"
	for _ in 1 2 3; do
		ping_from "$group"
		ping_from "$own"
	done
	trace_stop
	expect 3 '.type=="connect" and .owner.container.id=="'"$other"'" and .netns.container.id=="'"$id"'"'
	expect 3 '.type=="close" and .owner.container.id=="'"$other"'"'
	expect 0 '.owner.container.id=="'"$id"'"'
	expect 0 '.type=="accept"'
}

remembered() {
	sed -n 's/.*: \([0-9]*\) sockets remembered.*/\1/p' "$trace_err"
}

# Until it has been decided about a namespace or a cgroup, what happens there is told. That decision once made, the
# kernel has nothing more to say of them, but to the end of what it began to tell.
@test "trace --container: what is not wanted after all is forgotten" {
	any_mount
	VERBOSE=-v trace_start --container "none-$name"
	sleep 0.1
	trace_stop
	before=$(remembered)
	VERBOSE=-v trace_start --container "none-$name"
	# Longer than namespaces without an owner are waited for.
	background in_ns "$client" "$FLOWNER" -q echo ping 10.9.0.2:9000 -n 20 -c 20 --hold 3
	held=$bg
	for ((i = 1; i < 500; i++)); do
		[ -d "/proc/$held" ] || break
		make_group "$mount" "docker/$(printf %064d "$i")"
		ping_from "$group"
	done
	wait "$held"
	sleep 1.2 # what has closed is remembered for a second
	trace_stop
	expect 0 '.type!="lost"'
	echo "# before $before, after $(remembered)"
	[ "$(remembered)" -lt $((before + 15)) ]
}

@test "--container: nothing, and too many, are refused" {
	run "$FLOWNER" trace --container ""
	[ "$status" = 2 ]
	[[ $output == *"not the name or id"* ]]
	# shellcheck disable=SC2046
	run "$FLOWNER" flows $(printf -- '--container c%d ' {1..33})
	[ "$status" = 2 ]
	[[ $output == *"more than 32"* ]]
}

container() {
	echo '(.owner.container.runtime=="'"$1"'" and .owner.container.id=="'"$id"'")'
}

@test "docker, systemd driver, cgroup v2" {
	mount=$(mount_of v2)
	[ -n "$mount" ] || skip "no cgroup v2 mounted"
	make_group "$mount" "$name.slice/docker-$id.scope"
	trace_start --netns "$client" --netns "$server"
	ping_from "$group"
	trace_stop
	expect 1 '.type=="connect" and .owner.cgroup=="/'"$name.slice/docker-$id.scope"'" and '"$(container docker)"
	expect 1 '.type=="close" and .role=="client" and '"$(container docker)"
	expect 1 '.type=="accept" and .peer.owner.container.id=="'"$id"'"'
	# The server is in none.
	expect 1 '.type=="accept" and (.owner|has("container")|not)'
}

@test "podman, cgroup v2, several connections" {
	mount=$(mount_of v2)
	[ -n "$mount" ] || skip "no cgroup v2 mounted"
	make_group "$mount" "$name.slice/libpod-$id.scope/container"
	trace_start --netns "$client" --netns "$server"
	for _ in 1 2 3; do
		ping_from "$group"
	done
	trace_stop
	expect 3 '.type=="connect" and '"$(container podman)"
	expect 3 '.type=="close" and .role=="client" and '"$(container podman)"
}

@test "docker, cgroupfs driver, cgroup v1" {
	mount=$(mount_of pids)
	[ -n "$mount" ] || skip "no cgroup v1 pids hierarchy mounted"
	make_group "$mount" "docker/$id"
	trace_start --netns "$client" --netns "$server"
	ping_from "$group"
	trace_stop
	expect 1 '.type=="connect" and '"$(container docker)"
	expect 1 '.type=="close" and .role=="client" and '"$(container docker)"
	expect 1 '.type=="accept" and .peer.owner.container.id=="'"$id"'"'
}

@test "a socket from before the trace has its container too" {
	mount=$(mount_of v2)
	[ -n "$mount" ] || skip "no cgroup v2 mounted"
	make_group "$mount" "$name.slice/crio-$id.scope"
	background sh -c "echo \$\$ >$group/cgroup.procs && exec ip netns exec $client $FLOWNER echo ping 10.9.0.2:9000 --hold 30"
	pid=$bg
	established() { [ "$(in_ns "$client" ss -Htn state established | wc -l)" = 1 ]; }
	wait_for 20 established
	trace_start --netns "$client"
	kill -INT "$pid"
	wait_for 10 seen '.type=="close"'
	trace_stop
	expect 1 '.type=="close" and .owner.source=="snapshot" and '"$(container cri-o)"
}

@test "--runtime-root: a container's name and image, as Docker's file says" {
	mount=$(mount_of pids)
	[ -n "$mount" ] || mount=$(mount_of v2)
	root=$BATS_TEST_TMPDIR/docker
	mkdir -p "$root/containers/$id"
	echo '{"Name":"/web","Config":{"Image":"nginx:1","Labels":{"a":"b"}}}' >"$root/containers/$id/config.v2.json"
	make_group "$mount" "$name.slice/docker-$id.scope"
	trace_start --netns "$client" --netns "$server" --runtime-root "docker=$root"
	ping_from "$group"
	trace_stop
	expect 1 '.type=="connect" and .owner.container.name=="web" and .owner.container.image=="nginx:1" and (.owner|has("unit")|not)'
	expect 1 '.type=="connect" and (.owner.container|has("pod")|not)'
}

@test "the systemd unit of an owner that is in no container" {
	mount=$(mount_of pids)
	[ -n "$mount" ] || mount=$(mount_of v2)
	make_group "$mount" "$name.slice/$name.service"
	trace_start --netns "$client" --netns "$server"
	ping_from "$group"
	trace_stop
	expect 1 '.type=="connect" and .owner.unit=="'"$name.service"'"'
}

@test "--runtime-root: wrong input is told, in one line" {
	for wrong in x docker rkt=/tmp docker=tmp docker=/nonexistent; do
		run "$FLOWNER" trace --runtime-root "$wrong"
		[ "$status" = 2 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output == *"--runtime-root $wrong:"* ]]
	done
}

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Real container engines for tests: Debian's dockerd, Podman, containerd, each started once for a file.
#
# An engine writes iptables rules, makes bridges and mounts, and keeps files in /run, /var/lib and /etc. So each lives in a
# world of its own (./world): a network and a mount namespace, where docker0, the rules and the published ports are, and
# where the folders that it writes to are tmpfs. Engines run with the paths they have on any machine, so flowner has to find
# their files as it does there; when the world's last process has ended nothing of it is left, whatever the engine forgot.
# flowner itself runs in the world's mount namespace, to see these paths, but in the machine's network namespace and with
# the machine's /proc and cgroups: it meets the containers as strangers, as on a host. There is no PID namespace, since a
# BPF program tells the machine's pids. What differs from a user's machine: the engine's own network namespace (named
# "machine" here) is not that of pid 1. What is about the latter (--network host) is tested with an engine in it that is
# told to leave networks alone.

# world_start: for setup_file. WORLD is a process in it, WORLD_SKIP says why there is none.
world_start() {
	export WORLD_DIR WORLD= WORLD_SKIP='' FLOWNER_OUTSIDE=$FLOWNER
	WORLD_DIR=$(mktemp -d)
	"$BATS_TEST_DIRNAME/world" $$ "$WORLD_DIR" 3>&- &
	local pid=$!
	if wait_for 20 world_ready_or_gone "$pid" && [ -e "$WORLD_DIR/ready" ]; then
		WORLD=$(cat "$WORLD_DIR/ready")
	else
		WORLD_SKIP="no namespaces for an engine: $(tail -n1 "$WORLD_DIR/log")"
		return
	fi
	# Every test's flowner, by the one name that lib.bash uses. No process of its own: $bg is flowner.
	FLOWNER=$WORLD_DIR/flowner
	printf '#!/bin/sh\nexec nsenter --mount=/proc/%d/ns/mnt -- "%s" "$@"\n' "$WORLD" "$(realpath "$FLOWNER_OUTSIDE")" >"$FLOWNER"
	chmod +x "$FLOWNER"
}

world_ready_or_gone() {
	[ -e "$WORLD_DIR/ready" ] || ! kill -0 "$1" 2>/dev/null
}

world_gone() {
	! [ -e "$WORLD_DIR/ready" ]
}

# For teardown_file. Fails if the world did not end.
world_stop() {
	[ -n "${WORLD_DIR:-}" ] || return 0
	if [ -n "$WORLD" ]; then
		kill -TERM "$WORLD"
		wait_for 30 world_gone || return 1
	fi
	rm -rf "$WORLD_DIR"
}

# For setup: skips where the file's engine could not be started.
need_world() {
	[ -z "$WORLD_SKIP" ] || skip "$WORLD_SKIP"
}

# in_world COMMAND…: in its namespaces, for a minute at most.
in_world() {
	nsenter --target "$WORLD" --mount --net -- timeout "${WORLD_TIMEOUT:-60}" "$@"
}

# in_mounts COMMAND…: in the mount namespace only: the network is the machine's.
in_mounts() {
	nsenter --target "$WORLD" --mount -- timeout "${WORLD_TIMEOUT:-60}" "$@"
}

# in_container PID COMMAND…: one of ours, in the network namespace of a container's process.
in_container() {
	nsenter --target "$1" --net -- timeout 20 "${@:2}"
}

# daemon in_world|in_mounts COMMAND…: running until the world ends, its words in $WORLD_DIR/daemon.log.
daemon() {
	WORLD_TIMEOUT=480 "$@" >>"$WORLD_DIR/daemon.log" 2>&1 3>&- </dev/null &
}

# need COMMAND…: the first that is missing becomes the reason to skip.
need() {
	local c
	for c; do
		PATH=$PATH:/usr/lib/podman:/usr/libexec/podman type -P "$c" >/dev/null && continue
		WORLD_SKIP="no $c here"
		return 1
	done
}

# busybox_tree: a folder for an image, in $tree: busybox and its names. No image can be pulled.
busybox_tree() {
	local name
	tree=$WORLD_DIR/tree
	mkdir -p "$tree/bin" "$tree/etc" "$tree/tmp" "$tree/proc" "$tree/sys" "$tree/dev"
	cp "$(type -P busybox)" "$tree/bin/busybox"
	for name in sh nc sleep cat head echo true; do
		ln -sf busybox "$tree/bin/$name"
	done
	echo 'root:x:0:0:root:/:/bin/sh' >"$tree/etc/passwd"
	chroot "$tree" /bin/true 2>/dev/null || { WORLD_SKIP="busybox is not static (package busybox-static)"; return 1; }
}

# engine_up COMMAND…: wait until an engine answers, or say in WORLD_SKIP what it said last.
engine_up() {
	wait_for 60 "$@" >"$WORLD_DIR/up.log" 2>&1 && return
	WORLD_SKIP="$1 does not start: $(grep -vh '^timed out' "$WORLD_DIR/daemon.log" "$WORLD_DIR/up.log" 2>/dev/null | tail -n1 | cut -c1-300)"
	return 1
}

# --- docker ---------------------------------------------------------------------------------------

docker() {
	in_world docker "$@"
}

# docker_start [networks|host]: with networks, as usual; or in the machine's own namespace, where it changes nothing: it
# has neither bridges nor rules then, only containers with --network host or none.
docker_start() {
	need dockerd docker containerd runc iptables busybox || return 0
	world_start
	[ -z "$WORLD_SKIP" ] && busybox_tree || return 0
	case ${1:-networks} in
	networks) daemon in_world dockerd --exec-opt native.cgroupdriver=cgroupfs ;;
	host)
		daemon in_mounts dockerd --exec-opt native.cgroupdriver=cgroupfs --bridge=none --iptables=false --ip6tables=false \
			--ip-forward=false --ip-masq=false --userland-proxy=false
		;;
	esac
	engine_up docker version || return 0
	tar -C "$tree" -c . | docker import - bb >/dev/null || WORLD_SKIP="docker import failed"
}

# docker_clean: leave no containers and networks but Docker's own; for teardown.
docker_clean() {
	local ids
	[ -z "$WORLD_SKIP" ] || return 0
	ids=$(docker ps -aq)
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rm -f $ids >/dev/null
	docker network prune -f >/dev/null
}

# docker_ip NAME: fails rather than be empty.
docker_ip() {
	docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1" | grep .
}

docker_id() {
	docker inspect -f '{{.Id}}' "$1"
}

docker_pid() {
	docker inspect -f '{{.State.Pid}}' "$1"
}

# --- podman ---------------------------------------------------------------------------------------

podman() {
	in_world env CONTAINERS_CONF="$WORLD_DIR/containers.conf" podman "$@"
}

podman_start() {
	need podman conmon netavark runc iptables busybox || return 0
	world_start
	[ -z "$WORLD_SKIP" ] && busybox_tree || return 0
	# The limits: a container may not have more than we; Podman's own are a million.
	cat >"$WORLD_DIR/containers.conf" <<-'END'
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		log_driver = "k8s-file"
		[network]
		network_backend = "netavark"
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "none"
	END
	engine_up podman info || return 0
	tar -C "$tree" -c . | podman import - bb >/dev/null 2>&1 || { WORLD_SKIP="podman import failed"; return 0; }
	podman run --rm --network none bb true >"$WORLD_DIR/up.log" 2>&1 || WORLD_SKIP="podman run: $(tail -n1 "$WORLD_DIR/up.log" | cut -c1-300)"
}

podman_clean() {
	[ -z "$WORLD_SKIP" ] || return 0
	podman rm -f -t 0 -a >/dev/null
	podman pod rm -f -t 0 -a >/dev/null
	podman network prune -f >/dev/null
}

podman_ip() {
	podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1" | grep .
}

podman_id() {
	podman inspect -f '{{.Id}}' "$1"
}

podman_pid() {
	podman inspect -f '{{.State.Pid}}' "$1"
}

# --- containerd -----------------------------------------------------------------------------------

ctr() {
	in_world ctr -n flowner-test "$@"
}

containerd_start() {
	need containerd ctr runc busybox || return 0
	world_start
	[ -z "$WORLD_SKIP" ] && busybox_tree || return 0
	# Nothing for Kubernetes, which would want CNI.
	printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$WORLD_DIR/containerd.toml"
	# It has no networks, so it may be in the machine's, as is what it starts with --net-host.
	daemon in_mounts containerd --config "$WORLD_DIR/containerd.toml"
	engine_up ctr version || return 0
	# ctr imports only whole images; it takes a folder as root file system as well.
}

containerd_clean() {
	local id
	[ -z "$WORLD_SKIP" ] || return 0
	for id in $(ctr containers ls -q); do
		ctr task kill -s KILL "$id" 2>/dev/null || true
		ctr task rm -f "$id" >/dev/null 2>&1 || true
		ctr containers rm "$id" || true
	done
}

# --- what flowner says of them ---------------------------------------------------------------------

# serving PID PORT: something listens in that process's network namespace; ss is the witness.
serving() {
	[ -n "$(in_container "$1" ss -Hltn "sport = :$2")" ]
}

# talking PID PORT [N]: N (1) connections to PORT, established, are there.
talking() {
	[ "$(in_container "$1" ss -Htn state established "dport = :$2" | wc -l)" = "${3:-1}" ]
}

# host_veth PID: the name, in the world, of the cable's other end.
host_veth() {
	local index
	index=$(in_container "$1" ip -o link show eth0 | sed -n 's/.*eth0@if\([0-9]*\):.*/\1/p')
	in_world ip -o link | sed -n "s/^$index: \([^@:]*\).*/\1/p" | grep .
}

# Filters for jq: whose an event, a flow or a row is. NAME ID
container() {
	echo "(.owner.container.name==\"$1\" and .owner.container.id==\"$2\")"
}
from() { container "$@"; }
to() {
	echo "(.peer.owner.container.name==\"$1\" and .peer.owner.container.id==\"$2\")"
}
flow_from() { container "$@"; }
flow_to() {
	echo "(.peer_owner.container.name==\"$1\" and .peer_owner.container.id==\"$2\")"
}
# party client|server NAME ID
party() {
	echo "(.$1.owner.container.name==\"$2\" and .$1.owner.container.id==\"$3\")"
}

# saw_closes N ID: for wait_for
saw_closes() {
	[ "$(jq -c "select(.type==\"close\" and .owner.container.id==\"$2\")" "$trace_out" 2>/dev/null | wc -l)" -ge "$1" ]
}

# expect_flow N FILTER [VETH INODE]: N final flows; of that cable, from VETH in the world to eth0 in that namespace. Only one
# of its ends is watched: the world's, or if it was seen before it was in a bridge, the container's.
expect_flow() {
	local n where=true near far
	if [ $# -ge 4 ]; then
		near=".link.name==\"$3\" and .netns.name==\"machine\" and .link.peer.name==\"eth0\" and .link.peer.netns.inode==$4"
		far=".link.name==\"eth0\" and .netns.inode==$4 and .link.peer.name==\"$3\" and .link.peer.netns.name==\"machine\""
		where=".link.kind==\"veth\" and (($near) or ($far))"
	fi
	n=$(final "($2) and ($where)" | wc -l)
	[ "$n" = "$1" ] && return
	echo "expected $1 flows, found $n: $2, $where" >&2
	final '.proto=="tcp"' | head -c 6000 >&2
	return 1
}

# who ARGS…: flowner's answer is in $who_out, one row a line.
who() {
	who_out=$BATS_TEST_TMPDIR/who.$RANDOM
	timeout 30 "$FLOWNER" who -o json "$@" >"$who_out" || { echo "flowner who ended with $?" >&2; return 1; }
}

rows() {
	jq -c "select($1)" "$who_out"
}

expect_rows() {
	local n
	n=$(rows "$2" | wc -l)
	[ "$n" = "$1" ] && return
	echo "expected $1 rows, found $n: $2" >&2
	head -c 6000 "$who_out" >&2
	return 1
}

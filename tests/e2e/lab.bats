# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# flowner lab, for real: namespaces, links, packets. Witnesses: ip, /proc/self/mountinfo, TCP itself.

bats_require_minimum_version 1.5.0
load lib

setup() {
	LAB=$(random_name l)
	LABS=("$LAB")
	STATE=/run/flowner/lab
	TMP=$(mktemp -d)
	chmod 755 "$TMP"
}

teardown() {
	local lab ns
	end_background
	for lab in "${LABS[@]}"; do
		[ ! -e "$STATE/$lab.json" ] || "$FLOWNER" lab down "$lab" || true
		for ns in /run/netns/"$lab"-*; do
			[ ! -e "$ns" ] || { umount "$ns" 2>/dev/null; rm -f "$ns"; }
		done
		rm -f "$STATE/$lab.json"
	done
	rm -rf "$TMP"
}

lab() { "$FLOWNER" lab "$@"; }

# nothing_left LAB: no name, no mount, no state.
nothing_left() {
	[ -z "$(ls -d /run/netns/"$1"-* 2>/dev/null)" ] || { ls /run/netns >&2; return 1; }
	refute grep -E "/netns/$1-" /proc/self/mountinfo
	[ ! -e "$STATE/$1.json" ]
}

# How many namespaces the lab has by now.
names_made() { ls /run/netns 2>/dev/null | grep -c "^$1-"; }
at_least() { [ "$(names_made "$1")" -ge "$2" ]; }

# reaches NETNS ADDRESS: a TCP handshake packet comes back; nothing listens there, so: refused.
reaches() {
	local out
	out=$(in_ns "$1" timeout "${PATIENCE:-5}" bash -c "exec 3<>/dev/tcp/$2/9" 2>&1) && return 1
	[[ $out == *"Connection refused"* ]] || { echo "$1 -> $2: $out" >&2; return 1; }
}

# carries FROM TO ADDRESS: bytes through a TCP connection.
carries() {
	local family=-4
	[[ $3 != *:* ]] || family=-6
	background ip netns exec "$2" nc $family -l -p 9000 >"$TMP/got"
	wait_for 5 listening "$2" 9000
	echo "hello $3" | in_ns "$1" timeout 5 nc -N "$3" 9000
	wait "$bg"
	[ "$(cat "$TMP/got")" = "hello $3" ]
}

one_line() { [ "$(wc -l <<<"$output")" = 1 ] || { echo "$output" >&2; return 1; }; }

@test "pair: two namespaces, one cable, both protocols, usable at once" {
	lab up pair --name "$LAB"
	reaches "$LAB-client" 10.77.0.3
	reaches "$LAB-server" fd77::2
	carries "$LAB-client" "$LAB-server" 10.77.0.3
	carries "$LAB-client" "$LAB-server" fd77::3
	[ "$(ip -n "$LAB-client" -j addr show eth0 | jq -c '[.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"]')" = '["10.77.0.2/20","fd77::2/64"]' ]
	[ "$(ip -n "$LAB-server" -j addr show eth0 | jq -c '[.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"]')" = '["10.77.0.3/20","fd77::3/64"]' ]
	in_ns "$LAB-client" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' 2>&1 | grep -q refused
	[ "$(names_made "$LAB")" = 2 ]
	lab down "$LAB"
	nothing_left "$LAB"
}

@test "pair: no link is down, no address tentative when up returns" {
	lab up pair --name "$LAB"
	[ "$(ip -n "$LAB-client" -j link show eth0 | jq -r '.[0].operstate')" = UP ]
	[ "$(ip -n "$LAB-server" -j link show eth0 | jq -r '.[0].operstate')" = UP ]
	[ -z "$(ip -n "$LAB-client" addr show tentative)" ]
}

@test "the caller's namespace is left as it was" {
	before=$(ip -j link | jq -c '[.[].ifname]')
	self=$(readlink /proc/self/ns/net)
	lab up router --name "$LAB" --hosts 4
	[ "$(ip -j link | jq -c '[.[].ifname]')" = "$before" ]
	[ "$(readlink /proc/self/ns/net)" = "$self" ]
	lab down "$LAB"
	[ "$(ip -j link | jq -c '[.[].ifname]')" = "$before" ]
}

@test "bridge: ports are called like the hosts and all reach each other" {
	lab up bridge --name "$LAB" --hosts 4
	[ "$(ip -n "$LAB-switch" -j link show master br0 | jq -r '[.[].ifname] | sort | join(" ")')" = "client h3 h4 server" ]
	for host in client server h3 h4; do
		for n in 2 3 4 5; do
			reaches "$LAB-$host" "10.77.0.$n"
			reaches "$LAB-$host" "fd77::$n"
		done
	done
	carries "$LAB-h4" "$LAB-server" fd77::3
	lab down "$LAB"
	nothing_left "$LAB"
}

@test "bridge: forwards at once, no STP" {
	lab up bridge --name "$LAB"
	[ "$(ip -n "$LAB-switch" -d -j link show br0 | jq -c '.[0].linkinfo.info_data | [.stp_state, .forward_delay, .mcast_snooping]')" = "[0,0,0]" ]
	ip -n "$LAB-switch" -d link show client | grep -q "state forwarding"
}

@test "router: forwards between its two sides, both protocols" {
	lab up router --name "$LAB" --hosts 4
	reaches "$LAB-client" 10.77.16.3
	reaches "$LAB-client" fd77:0:0:1::3
	reaches "$LAB-h4" 10.77.0.4
	reaches "$LAB-h4" fd77::4
	carries "$LAB-client" "$LAB-server" 10.77.16.3
	carries "$LAB-client" "$LAB-server" fd77:0:0:1::3
	[ "$(ip -n "$LAB-client" -4 route show default | awk '{print $3}')" = 10.77.0.1 ]
	[ "$(ip -n "$LAB-server" -4 route show default | awk '{print $3}')" = 10.77.16.1 ]
	[ "$(ip -n "$LAB-client" -6 route show default | awk '{print $3}')" = fd77::1 ]
	[ "$(ip -n "$LAB-server" -6 route show default | awk '{print $3}')" = fd77:0:0:1::1 ]
	[ "$(in_ns "$LAB-router" cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/eth1/forwarding | tr -d '\n')" = 11 ]
	[ "$(in_ns "$LAB-client" cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding | tr -d '\n')" = 00 ]
	# It is the router that forwards: without it there is no way across.
	in_ns "$LAB-router" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	PATIENCE=1 run -1 reaches "$LAB-client" 10.77.16.3
}

@test "200 hosts: seconds, and each answers" {
	start=$SECONDS
	lab up bridge --name "$LAB" --hosts 200
	[ $((SECONDS - start)) -le 30 ]
	[ "$(names_made "$LAB")" = 201 ]
	for n in 2 3 4 77 100 128 200 201; do
		reaches "$LAB-client" "10.77.0.$n"
		reaches "$LAB-h200" "fd77::$(printf %x "$n")"
	done
	[ "$(lab show "$LAB" -o json | jq -r '.state')" = up ]
	start=$SECONDS
	lab down "$LAB"
	[ $((SECONDS - start)) -le 30 ]
	nothing_left "$LAB"
}

@test "300 hosts behind a router: into the next octet" {
	lab up router --name "$LAB" --hosts 300
	reaches "$LAB-client" 10.77.17.48
	reaches "$LAB-h300" 10.77.1.47
	reaches "$LAB-h300" fd77::12f
	lab down "$LAB"
	nothing_left "$LAB"
}

@test "show: a table, and JSON that agrees with ip" {
	lab up bridge --name "$LAB" --hosts 3
	run -0 lab show "$LAB"
	[[ ${lines[0]} == "lab $LAB: bridge, 3 hosts, up" ]]
	[[ ${lines[1]} == NETNS*INODE*LINK*STATE*IPV4*IPV6*PEER ]]
	[[ ${lines[4]} == "$LAB-server "*" eth0 "*" up "*" 10.77.0.3/20 "*" fd77::3/64 "*" $LAB-switch:server" ]]
	lab show "$LAB" -o json >"$TMP/json"
	[ "$(wc -l <"$TMP/json")" = 1 ]
	server='.namespaces[] | select(.host == "server")'
	[ "$(jq -r "$server | .netns.inode" "$TMP/json")" = "$(stat -Lc %i "/run/netns/$LAB-server")" ]
	[ "$(jq -r "$server | .links[0].ifindex" "$TMP/json")" = "$(ip -n "$LAB-server" -j link show eth0 | jq '.[0].ifindex')" ]
	[ "$(jq -r "$server | .links[0].peer | .netns.name, .name" "$TMP/json" | xargs)" = "$LAB-switch server" ]
	[ "$(jq -r "$server | .links[0].peer.ifindex" "$TMP/json")" = "$(ip -n "$LAB-server" -j link show eth0 | jq '.[0].link_index')" ]
	[ "$(jq -r '.namespaces[] | select(.role == "switch") | .links[] | select(.name == "h3").master' "$TMP/json")" = br0 ]
	[ "$(jq -c "$server | .links[0] | [.ipv4, .ipv6]" "$TMP/json")" = '[["10.77.0.3/20"],["fd77::3/64"]]' ]
	# It shows what is, not what was made.
	ip -n "$LAB-server" addr add 192.0.2.1/32 dev eth0
	ip -n "$LAB-client" link set eth0 down
	ip netns del "$LAB-h3"
	lab show "$LAB" -o json >"$TMP/json"
	[ "$(jq -r .state "$TMP/json")" = damaged ]
	[ "$(jq -c "$server | .links[0].ipv4" "$TMP/json")" = '["10.77.0.3/20","192.0.2.1/32"]' ]
	[ "$(jq -r '.namespaces[] | select(.host == "client") | .links[0].up' "$TMP/json")" = false ]
	[ "$(jq -r '.namespaces[] | select(.host == "h3") | .state' "$TMP/json")" = gone ]
	run -0 lab show "$LAB"
	[[ $output == *"$LAB-h3 "*" gone "* ]]
}

@test "show without a name: all labs, one JSON object a line" {
	LABS+=("b$LAB")
	lab up pair --name "$LAB"
	lab up pair --name "b$LAB"
	[ "$(lab show -o json | jq -r .name | grep -c "$LAB$")" = 2 ]
	[ "$(lab show | grep -c "^lab b\?$LAB:")" = 2 ]
}

@test "two labs at once do not meet, also when made at the same moment" {
	LABS+=("b$LAB")
	background "$FLOWNER" lab up bridge --name "$LAB" --hosts 40
	first=$bg
	background "$FLOWNER" lab up bridge --name "b$LAB" --hosts 40
	wait "$first"
	wait "$bg"
	reaches "$LAB-client" 10.77.0.41
	reaches "b$LAB-client" 10.77.0.41
	lab down "$LAB"
	nothing_left "$LAB"
	reaches "b$LAB-h40" fd77::2
	lab down "b$LAB"
	nothing_left "b$LAB"
}

@test "the same name by two at once: one gets it" {
	background "$FLOWNER" lab up bridge --name "$LAB" --hosts 20
	first=$bg
	background "$FLOWNER" lab up bridge --name "$LAB" --hosts 20
	a=0 b=0
	wait "$first" || a=$?
	wait "$bg" || b=$?
	[ "$a$b" = 01 ] || [ "$a$b" = 10 ]
	reaches "$LAB-client" 10.77.0.21
}

@test "up twice with one name: an error, and the first lab stays" {
	lab up pair --name "$LAB"
	run -1 lab up bridge --name "$LAB"
	one_line
	[[ $output == *"there is a lab $LAB already"*"flowner lab down $LAB"* ]]
	reaches "$LAB-client" 10.77.0.3
}

@test "a namespace of that name is there already: nothing is made, it stays" {
	ip netns add "$LAB-server"
	inode=$(stat -Lc %i "/run/netns/$LAB-server")
	run -1 lab up bridge --name "$LAB" --hosts 5
	one_line
	[[ $output == *"there is a namespace $LAB-server already"* ]]
	[ "$(names_made "$LAB")" = 1 ]
	[ "$(stat -Lc %i "/run/netns/$LAB-server")" = "$inode" ]
	ip netns del "$LAB-server"
	nothing_left "$LAB"
}

@test "failure half way, a name taken meanwhile: undone, and the other's name stays" {
	background "$FLOWNER" lab up bridge --name "$LAB" --hosts 900
	wait_for 10 at_least "$LAB" 1
	: >"/run/netns/$LAB-h900"
	rc=0
	wait "$bg" || rc=$?
	[ $rc = 1 ]
	[ -e "/run/netns/$LAB-h900" ]
	rm "/run/netns/$LAB-h900"
	nothing_left "$LAB"
}

@test "failure half way, no more descriptors: undone" {
	for limit in 12 24 40; do
		run bash -c "ulimit -n $limit; exec \"\$FLOWNER\" lab up router --name $LAB --hosts 60"
		[ "$status" = 1 ]
		[[ $output == *"Too many open files"* ]]
		nothing_left "$LAB"
	done
}

@test "failure half way, no more namespaces allowed: undone" {
	unshare -Ur true || skip "no user namespaces here"
	# A user namespace has a limit of its own, and here /run and netns of its own.
	run -1 unshare -Urmn bash -c '
		mount -t tmpfs tmpfs /run && echo 45 >/proc/sys/user/max_net_namespaces || exit 77
		"$FLOWNER" lab up bridge --name '"$LAB"' --hosts 100 && exit 78
		echo "rc=$? names=$(ls /run/netns | wc -l) mounts=$(grep -c netns/'"$LAB"' /proc/self/mountinfo) state=$(ls -A /run/flowner/lab | wc -l)"
		exit 1'
	[[ $output == *"user.max_net_namespaces"* ]]
	[[ $output == *"rc=1 names=0 mounts=0 state=0"* ]]
}

@test "failure half way, /run/netns read-only: undone" {
	lab up pair --name "$LAB" && lab down "$LAB"	# so that /run/netns is a mount
	run unshare -m bash -c '
		mount --make-rprivate / && mount -o remount,ro,bind /run/netns || exit 77
		exec "$FLOWNER" lab up pair --name '"$LAB"
	[ "$status" = 1 ]
	[[ $output == *"Read-only file system"* ]]
	nothing_left "$LAB"
}

@test "the state cannot be written: nothing is made" {
	run unshare -m bash -c '
		mount --make-rprivate / && mkdir -p /run/flowner/lab &&
		mount -t tmpfs -o ro,mode=755 tmpfs /run/flowner/lab || exit 77
		exec "$FLOWNER" lab up pair --name '"$LAB"
	[ "$status" = 1 ]
	[[ $output == *"cannot write the state"*"Read-only"* ]]
	nothing_left "$LAB"
}

@test "killed with kill -9 at any point: down cleans up" {
	for made in 0 1 2 20 34 60 200; do
		background "$FLOWNER" lab up router --name "$LAB" --hosts 400
		wait_for 10 test -e "$STATE/$LAB.json"
		wait_for 10 at_least "$LAB" "$made"
		kill -9 "$bg"
		wait "$bg" || true
		if [ "$made" = 20 ]; then
			run -1 lab up pair --name "$LAB"
			[[ $output == *"killed half way"*"lab down $LAB"* ]]
			[[ $(lab show "$LAB") == *", incomplete"* ]]
		fi
		run -0 lab down "$LAB"
		[ -z "$output" ]
		nothing_left "$LAB"
	done
	lab up router --name "$LAB" --hosts 3
	reaches "$LAB-client" 10.77.16.3
}

@test "killed between making a name and mounting on it: down removes the empty file" {
	lab up pair --name "$LAB"
	umount "/run/netns/$LAB-server"
	[ -f "/run/netns/$LAB-server" ]
	run -0 lab down "$LAB"
	[ -z "$output" ]
	nothing_left "$LAB"
}

@test "down killed half way: down again ends it" {
	lab up bridge --name "$LAB" --hosts 400
	background "$FLOWNER" lab down "$LAB"
	while at_least "$LAB" 401; do :; done
	kill -9 "$bg" || true
	wait "$bg" || true
	# It may have been faster than us.
	if [ -e "$STATE/$LAB.json" ]; then
		run -0 lab down "$LAB"
		[ -z "$output" ]
	fi
	nothing_left "$LAB"
}

@test "down waits for an up that is under way; Ctrl-C ends the waiting only" {
	background "$FLOWNER" lab up bridge --name "$LAB" --hosts 400
	up=$bg
	wait_for 10 at_least "$LAB" 1
	kill -STOP "$up"
	background "$FLOWNER" lab down "$LAB" 2>"$TMP/err"
	wait_for 10 grep -q "waiting for another" "$TMP/err"
	rc=0
	stop "$bg" || rc=$?
	[ $rc = 1 ]
	kill -CONT "$up"
	lab down "$LAB"
	wait "$up"
	nothing_left "$LAB"
}

@test "Ctrl-C and SIGTERM during up: undone, exit 1" {
	for signal in INT TERM; do
		background "$FLOWNER" lab up bridge --name "$LAB" --hosts 900 2>"$TMP/err"
		wait_for 10 at_least "$LAB" 10
		rc=0
		stop "$bg" $signal || rc=$?
		[ $rc = 1 ]
		grep -q interrupted "$TMP/err"
		nothing_left "$LAB"
	done
}

@test "down leaves a namespace alone that somebody else made under the name, and says so" {
	lab up pair --name "$LAB"
	ip netns del "$LAB-client"
	ip netns add "$LAB-client"
	[ "$(lab show "$LAB" -o json | jq -r '.namespaces[0].state')" = foreign ]
	run -1 lab exec "$LAB" client -- true
	one_line
	run -0 lab down "$LAB"
	one_line
	[[ $output == *"$LAB-client is not the one that lab up made"* ]]
	ip netns exec "$LAB-client" true
	ip netns del "$LAB-client"
	nothing_left "$LAB"
}

@test "down with parts missing" {
	lab up bridge --name "$LAB" --hosts 4
	ip netns del "$LAB-switch"
	ip netns del "$LAB-h3"
	run -0 lab down "$LAB"
	[ -z "$output" ]
	nothing_left "$LAB"
}

@test "down warns of processes that are still inside, and does not end them" {
	lab up pair --name "$LAB"
	background ip netns exec "$LAB-server" sleep 1000
	wait_for 5 test "$(readlink "/proc/$bg/ns/net")" != "$(readlink /proc/self/ns/net)" || true
	inside() { [ "$(stat -Lc %i "/proc/$bg/ns/net")" = "$(stat -Lc %i "/run/netns/$LAB-server")" ]; }
	wait_for 5 inside
	run -0 lab down "$LAB"
	one_line
	[[ $output == *"$LAB-server: "*" $bg" ]]
	kill -0 "$bg"
	nothing_left "$LAB"
}

@test "down --all" {
	# In a /run of its own: labs of somebody else are not ours to remove.
	run -0 unshare -m bash -ec '
		mount --make-rprivate / && mount -t tmpfs -o mode=755 tmpfs /run
		"$FLOWNER" lab up pair >/dev/null
		"$FLOWNER" lab up bridge --name other >/dev/null
		[ "$(ls /run/netns | wc -l)" = 5 ]
		"$FLOWNER" lab down --all
		[ -z "$(ls -A /run/netns /run/flowner/lab | grep -v :)" ]
		"$FLOWNER" lab down --all
		"$FLOWNER" lab show'
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == *"there are no labs" ]]
	[[ ${lines[1]} == *"there are no labs; flowner lab up pair makes one" ]]
}

@test "a damaged state file: said, and nothing is touched" {
	lab up pair --name "$LAB"
	cp "$STATE/$LAB.json" "$TMP/good"
	echo '{"version":1,' >"$STATE/$LAB.json"
	for command in "down $LAB" "show $LAB" "exec $LAB client true" "up pair --name $LAB"; do
		# shellcheck disable=SC2086
		run -1 lab $command
		one_line
		[[ $output == *"$STATE/$LAB.json is damaged"* ]]
	done
	[ "$(names_made "$LAB")" = 2 ]
	cp "$TMP/good" "$STATE/$LAB.json"
	lab down "$LAB"
	nothing_left "$LAB"
}

@test "exec: inside, with its own /sys, and the command's own exit status" {
	lab up router --name "$LAB"
	[ "$(lab exec "$LAB" server -- readlink /proc/self/ns/net)" = "net:[$(stat -Lc %i "/run/netns/$LAB-server")]" ]
	[ "$(lab exec "$LAB" router -- ls /sys/class/net | xargs)" = "eth0 eth1 lo" ]
	run -7 lab exec "$LAB" client -- sh -c 'exit 7'
	run -0 lab exec "$LAB" client true
	run -127 lab exec "$LAB" client -- flowner-no-such-command
	one_line
	run -126 lab exec "$LAB" client -- /etc/passwd
	one_line
	# Its mounts are its own.
	[ -e "/sys/class/net/lo" ]
	[ "$(lab exec "$LAB" sw1 -- sh -c 'echo "$@"' x --name -- 'a b')" = "--name -- a b" ]
	run -143 lab exec "$LAB" client -- sh -c 'kill $$'
}

@test "exec: /etc/netns is put in place" {
	lab up pair --name "$LAB"
	mkdir -p "/etc/netns/$LAB-client"
	echo "inside:x:1:" >"/etc/netns/$LAB-client/group"
	inside=$(lab exec "$LAB" client -- cat /etc/group)
	other=$(lab exec "$LAB" server -- cat /etc/group)
	rm -r "/etc/netns/$LAB-client"
	rmdir /etc/netns 2>/dev/null || true
	[ "$inside" = "inside:x:1:" ]
	[ "$other" = "$(cat /etc/group)" ]
}

@test "wrong usage: one line and exit 2" {
	long=$(printf 'x%.0s' {1..33})
	while IFS= read -r line; do
		eval "args=($line)"
		# shellcheck disable=SC2154
		run -2 lab "${args[@]}"
		one_line
	done <<-END

		frob
		--frob
		up
		up star
		up pair bridge
		up pair --name ""
		up pair --name Lab
		up pair --name ../x
		up pair --name -x
		up pair --name $long
		up pair --hosts 3
		up bridge --hosts 1
		up bridge --hosts 1001
		up bridge --hosts -1
		up bridge --hosts many
		up bridge --hosts
		down a b
		down a/b
		down --all a
		show a b
		show A
		show -o xml
		exec
		exec lab
		exec lab client
		exec lab client --
		exec L client -- true
	END
}

@test "what is not there: one line and exit 1" {
	for args in "down $LAB" "show $LAB" "exec $LAB client true"; do
		# shellcheck disable=SC2086
		run -1 lab $args
		one_line
		[[ $output == *"there is no lab $LAB"* ]]
	done
	lab up pair --name "$LAB"
	run -1 lab exec "$LAB" h3 -- true
	one_line
	[[ $output == *"no host h3; it has client, server"* ]]
}

@test "stdout that cannot be written: said, exit 1, and the lab is up all the same" {
	run -1 bash -c '"$FLOWNER" lab up pair --name '"$LAB"' >/dev/full'
	one_line
	[[ $output == *"cannot write to stdout: No space left on device"* ]]
	reaches "$LAB-client" 10.77.0.3
	run -1 bash -c '"$FLOWNER" lab show '"$LAB"' >/dev/full'
	one_line
}

@test "help" {
	for args in --help "up --help" "down -h" "show --help" "exec --help"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr lab $args
		[[ $output == "Usage: flowner lab "* ]]
		[ -z "$stderr" ]
	done
}

@test "not root: one line and exit 4" {
	not_for_coverage
	cp "$FLOWNER" "$TMP/flowner"
	for args in "up pair --name $LAB" "down $LAB" show "show $LAB" "exec $LAB client true"; do
		# shellcheck disable=SC2086
		run -4 setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/flowner" lab $args
		one_line
		[[ $output == *"CAP_NET_ADMIN, CAP_SYS_ADMIN missing; run it as root"* ]]
	done
	nothing_left "$LAB"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# flowner map, beside ip(8), bridge(8) and stat(1), which are asked about each namespace from inside.

bats_require_minimum_version 1.5.0
load lib

setup() {
	name=$(random_name m)
	labs=() groups=()
	id=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
}

teardown() {
	end_background
	remove_netns
	for lab in ${labs[@]+"${labs[@]}"}; do
		"$FLOWNER" lab down "$lab" || true
	done
	for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
		wait_for 5 rmdir "${groups[i]}" || true
	done
}

lab_up() {
	labs+=("$name")
	"$FLOWNER" lab up "$@" --name "$name" >/dev/null
	mapfile -t spaces < <(ip netns list | awk '{ print $1 }' | grep "^$name-" | sort)
}

map() { "$FLOWNER" map "$@"; }

inode() { stat -Lc %i "/run/netns/$1"; }

# of NETNS FILTER: what jq's FILTER makes of that namespace's object in $map.
of() { jq -c "select(.netns.name == \"$1\") | $2" <<<"$map"; }

# same WHAT OURS THEIRS
same() {
	[ "$2" = "$3" ] && return
	printf '%s\nflowner: %s\nwitness: %s\n' "$1" "$2" "$3" >&2
	return 1
}

# What flowner and ip say of a namespace, in the same words.
same_links() {
	same "links of $1" "$(of "$1" '[.links[] | [.ifindex, .name, .mtu, .up, (.mac // null), (.master // null)]]')" \
		"$(ip -n "$1" -j link | jq -c '[sort_by(.ifindex)[] | [.ifindex, .ifname, .mtu, (.flags | index("UP") != null),
			(if .link_type == "ether" then .address else null end), (.master // null)]]')"
	same "kinds of $1" "$(of "$1" '[.links[] | .kind // null]')" \
		"$(ip -n "$1" -d -j link | jq -c '[sort_by(.ifindex)[] | .linkinfo.info_kind // null]')"
	same "addresses of $1" "$(of "$1" '[.links[] | .addresses | sort]')" \
		"$(ip -n "$1" -j addr | jq -c '[sort_by(.ifindex)[] | [.addr_info[] | "\(.local)/\(.prefixlen)"] | sort]')"
	same "peers of $1" "$(of "$1" '[.links[] | .peer.ifindex // null]')" \
		"$(ip -n "$1" -j link | jq -c '[sort_by(.ifindex)[] | .link_index // null]')"
}

same_routes() {
	same "routes of $1" \
		"$(of "$1" '[.routes[] | select(.table == 254) | [.dst, .via, .dev, .src, (.metric // 0), .protocol]] | sort')" \
		"$( (ip -n "$1" -j -4 route | jq -c '.[] + {v: 4}'; ip -n "$1" -j -6 route | jq -c '.[] + {v: 6}') | jq -sc '
			[.[] | [(if .dst == "default" then (if .v == 4 then "0.0.0.0/0" else "::/0" end)
				elif .dst | test("/") then .dst else "\(.dst)/\(if .v == 4 then 32 else 128 end)" end),
				.gateway, .dev, .prefsrc, (.metric // 0), (.protocol // "boot")]] | sort')"
}

same_fdb() {
	same "fdb of $1" "$(of "$1" '[.fdb[] | [.mac, .dev, .master, .vlan, .state]] | sort')" \
		"$(bridge -n "$1" -j fdb | jq -c '[.[] | select(.master) | [.mac, .ifname, .master, .vlan,
			(if .state == "" or .state == null then "learned" else .state end)]] | sort')"
}

# States change while one looks: without them.
same_neigh() {
	same "neighbours of $1" "$(of "$1" '[.neigh[] | [.addr, .dev, .mac]] | sort')" \
		"$(ip -n "$1" -j neigh | jq -c '[.[] | [.dst, .dev, .lladdr]] | sort')"
}

# That LINK of NETNS has the peer LINK of NETNS.
has_peer() {
	same "peer of $2 of $1" "$(of "$1" ".links[] | select(.name == \"$2\") | [.peer.netns.name, .peer.netns.inode, .peer.name]")" \
		"[\"$3\",$(inode "$3"),\"$4\"]"
}

# as_ip_shows LAB-ARGUMENTS…: such a lab, and all of it in the map as `ip` shows it. $map has its routes.
as_ip_shows() {
	name=$(random_name m)
	lab_up "$@"
	map=$(map -o json --routes)
	for ns in "${spaces[@]}"; do
		same "$ns" "$(of "$ns" '[.netns.inode, .names]')" "[$(inode "$ns"),[\"$ns\"]]"
		same_links "$ns"
		same_routes "$ns"
	done
	[ "${#spaces[@]}" -ge 2 ]
}

# bats test_tags=core
@test "a pair: links, addresses, peers and routes are those that ip shows" {
	as_ip_shows pair
	has_peer "$name-client" eth0 "$name-server" eth0
}

@test "bridge, router: links, addresses, peers and routes are those that ip shows" {
	as_ip_shows bridge --hosts 4
	as_ip_shows router --hosts 3
	has_peer "$name-client" eth0 "$name-sw1" client
	has_peer "$name-router" eth1 "$name-sw2" router
	[ "$(of "$name-client" '[.routes[] | select(.dst == "0.0.0.0/0") | [.via, .link.netns.name, .link.name]]')" = "[[\"10.77.0.1\",\"$name-router\",\"eth0\"]]" ]
}

@test "routes of all kinds: metrics, several next hops, blackholes, other tables" {
	pair "$name"
	client=$name-client
	ip -n "$client" route add default via 10.9.0.2 metric 50
	ip -n "$client" route add 192.0.2.1 via 10.9.0.2 src 10.9.0.1
	ip -n "$client" route add blackhole 192.0.2.64/26
	ip -n "$client" -6 route add fd10::/48 via fd09::2 metric 7
	ip -n "$client" route add 198.51.100.0/24 via 10.9.0.2 table 99
	map=$(map -o json --routes)
	same_routes "$client"
	ip -n "$client" route add 203.0.113.0/24 nexthop via 10.9.0.2 weight 3 nexthop via 10.9.0.3
	map=$(map -o json --routes)
	[ "$(of "$client" '[.routes[] | select(.dst == "203.0.113.0/24") | [.via, .dev, .weight]]')" = '[["10.9.0.2","eth0",3],["10.9.0.3","eth0",1]]' ]
	[ "$(of "$client" '[.routes[] | select(.table == 99) | .dst]')" = '["198.51.100.0/24"]' ]
	[ "$(of "$client" '[.routes[] | select(.type == "blackhole") | .dst]')" = '["192.0.2.64/26"]' ]
	[ "$(of "$client" '[.routes[] | select(.dst == "0.0.0.0/0") | [.link.netns.name, .link.name]]')" = "[[\"$name-server\",\"eth0\"]]" ]
	run -0 map --netns "$client" --routes
	[[ $output == *"default"*"via 10.9.0.2  dev eth0  metric 50  (eth0 of $name-server)"* ]]
	[[ $output != *198.51.100* ]]
	run -0 map --netns "$client" --routes --all
	[[ $output == *198.51.100.0/24*"table 99"* ]]
}

@test "forwarding tables and neighbours are those that bridge and ip show, and tell whose they are" {
	lab_up bridge --hosts 3
	"$FLOWNER" lab exec "$name" client -- bash -c 'exec 3<>/dev/tcp/10.77.0.3/9' 2>/dev/null || true
	wait_for 5 eval "bridge -n $name-switch fdb | grep -q 'dev server.*master br0 *\$'"
	bridge -n "$name-switch" fdb add 02:00:00:00:00:77 dev h3 master static
	map=$(map -o json --fdb --neigh)
	for ns in "${spaces[@]}"; do
		same_fdb "$ns"
		same_neigh "$ns"
	done
	mac=$(ip -n "$name-server" -j link show eth0 | jq -r '.[0].address')
	[ "$(of "$name-switch" "[.fdb[] | select(.mac == \"$mac\") | [.dev, .state, .link.netns.name, .link.name]]")" = "[[\"server\",\"learned\",\"$name-server\",\"eth0\"]]" ]
	# Where bridges know VLANs there is one for VLAN 1 too.
	[ "$(of "$name-switch" '[.fdb[] | select(.mac == "02:00:00:00:00:77") | [.state, .dev, .link]] | unique')" = '[["static","h3",null]]' ]
	[ "$(of "$name-client" '[.neigh[] | select(.addr == "10.77.0.3") | [.mac, .link.netns.name, .link.name]]')" = "[[\"$mac\",\"$name-server\",\"eth0\"]]" ]
	run -0 map --netns "$name-switch" --fdb
	[[ $output =~ "$mac  server of br0  learned"(", vlan 1")?" "+"eth0 of $name-server" ]]
	run -0 map --netns "$name-client" --neigh
	[[ $output == *"10.77.0.3 "*"$mac  eth0"*"eth0 of $name-server"* ]]
}

@test "which host veth is it? by device, address, MAC address, namespace, inode, path, pid" {
	lab_up bridge
	line="server of $name-switch (netns $(inode "$name-switch"), port of br0) <-> eth0 of $name-server (netns $(inode "$name-server")) 10.77.0.3/20 fd77::3/64"
	# Before 6.2 (bd039b5ea2a9) a device that is up keeps its name.
	ip -n "$name-switch" link set server down
	ip -n "$name-switch" link set server name "${name:0:12}s" up
	line="${name:0:12}s${line#server}"
	background ip netns exec "$name-server" sleep 300
	wait_for 5 eval "[ \$(stat -Lc %i /proc/$bg/ns/net) = $(inode "$name-server") ]"
	mac=$(ip -n "$name-server" -j link show eth0 | jq -r '.[0].address')
	for what in "${name:0:12}s" "$mac" "$name-server" "$(inode "$name-server")" "/run/netns/$name-server" "pid:$bg"; do
		run -0 map "$what"
		same "$what" "$output" "$line"
	done
	for what in 10.77.0.3 fd77::3; do
		run -0 map "$what" --netns "$name-server"
		same "$what" "$output" "$line"
	done
	# Several of that name: a line each, and each pair once.
	run -0 map eth0 --netns "$name-server" --netns "$name-client"
	[ "${#lines[@]}" = 2 ]
	run -0 map "$name-switch"
	[ "${#lines[@]}" = 3 ]
	[ "$(grep -cF "$line" <<<"$output")" = 1 ]
	[ "$(map "$name-server" -o json | jq -c '[.type, .netns.name, .name, .peer.name]')" = "[\"link\",\"$name-server\",\"eth0\",\"${name:0:12}s\"]" ]
}

@test "a veth that moves, is renamed, goes down, goes" {
	pair "$name"
	new_netns "$name-third"
	map=$(map -o json)
	has_peer "$name-client" eth0 "$name-server" eth0
	ip -n "$name-server" link set eth0 netns "$name-third" name moved0
	ip -n "$name-third" link set moved0 up
	map=$(map -o json)
	has_peer "$name-client" eth0 "$name-third" moved0
	has_peer "$name-third" moved0 "$name-client" eth0
	[ "$(of "$name-server" '[.links[].name]')" = '["lo"]' ]
	ip -n "$name-third" link set moved0 down
	run -0 map moved0
	[[ $output == *"moved0 of $name-third (netns "*", down)"* ]]
	[[ $output == *"eth0 of $name-client (netns "*", no-carrier) 10.9.0.1/24 fd09::1/64"* ]]
	ip -n "$name-client" link del eth0
	run -6 map moved0
	run -0 map "$name-client"
	[[ $output == "lo of $name-client (netns "* ]]
}

@test "a namespace without a name is known by its processes" {
	background unshare -n sleep 300
	wait_for 5 eval "[ \$(stat -Lc %i /proc/$bg/ns/net) != \$(stat -Lc %i /proc/self/ns/net) ] && grep -qx sleep /proc/$bg/comm"
	nameless=$(stat -Lc %i "/proc/$bg/ns/net")
	new_netns "$name"
	ip -n "$name" link add out0 type veth peer name in0 netns "$bg"
	run -0 map
	[[ $output == *"netns $nameless "*"1 process "*"sleep[$bg]"* ]]
	run -0 map in0
	[[ $output == *"in0 of netns $nameless (down)"* ]]
	[ "$(map -o json | jq -c "select(.netns.inode == $nameless) | [.netns.name, .names, .processes, .process.pid]")" = "[null,[],1,$bg]" ]
}

# mount_of v2|pids: where that hierarchy is mounted, nothing if it is not.
mount_of() {
	case $1 in
	v2) awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo ;;
	pids) awk '$0 ~ / - cgroup [^ ]+ [^ ]*pids/ { print $5; exit }' /proc/self/mountinfo ;;
	esac
}

@test "a container: by the beginning of its id; --container" {
	mount=$(mount_of v2)
	[ -n "$mount" ] || mount=$(mount_of pids)
	pair "$name"
	for part in "/$name.slice" "/$name.slice/docker-$id.scope"; do
		mkdir "$mount$part"
		groups+=("$mount$part")
	done
	background sh -c "echo \$\$ >$mount/$name.slice/docker-$id.scope/cgroup.procs && exec ip netns exec $name-server sleep 300"
	wait_for 10 eval "[ \$(stat -Lc %i /proc/$bg/ns/net) = $(inode "$name-server") ]"
	run -0 map "${id:0:12}"
	[[ $output == *"eth0 of $name-server (docker ${id:0:12}, netns $(inode "$name-server")) 10.9.0.2/24 fd09::2/64"* ]]
	[ "${#lines[@]}" = 1 ]
	[ "$(map -o json --container "${id:0:20}" | jq -c '[.netns.name, .netns.container.id, .containers[0].runtime]')" = "[\"$name-server\",\"$id\",\"docker\"]" ]
	run -0 map --container "$id"
	[[ ${lines[0]} == "$name-server "*" 1 process "*"docker ${id:0:12}" ]]
	# Both kinds given: a namespace has to be of both.
	run -6 map --container "$id" --netns "$name-client"
}

@test "wrong usage is 2, nothing found is 6 and one line, not permitted is 4" {
	run -2 map -o xml
	run -2 map --nonsense
	run -2 map one two
	run -2 map ""
	run -2 map --netns "no-such-$name"
	[ -z "$(map "no-such-$name" 2>/dev/null)" ]
	run -6 map "no-such-$name"
	[ "${#lines[@]}" = 1 ]
	run -6 map --container "no-such-$name"
	[ "${#lines[@]}" = 1 ]
	run -4 setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --reuid 65534 --clear-groups "$FLOWNER" map
}

@test "the reader may go away" {
	lab_up bridge --hosts 60
	set -o pipefail
	map -o json | head -c 10 >/dev/null
	map | head -1 >/dev/null
}

@test "JSON: every object is of the described shape" {
	lab_up bridge
	map -o json --routes --fdb --neigh >"$BATS_TEST_TMPDIR/map"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/map")" = "$(jq -s length "$BATS_TEST_TMPDIR/map")" ]
	jq -e '
		def ref: (.netns | type == "object" and (.inode | type) == "number") and (.name | type) == "string" and (.ifindex | type) == "number";
		def known($keys): (keys - $keys) == [];
		known(["type", "netns", "host", "names", "processes", "process", "containers", "links", "routes", "fdb", "neigh"]) and
		.type == "netns" and (.netns.inode | type) == "number" and (.netns.cookie | type) == "number" and
		(.names | all(type == "string")) and (.processes | type) == "number" and
		(.containers | all((.id | type) == "string" and (.runtime | type) == "string")) and
		(.links | length > 0) and
		(.links | all(
			known(["name", "ifindex", "kind", "up", "carrier", "mtu", "mac", "addresses", "peer", "lower", "master", "ports"]) and
			(.name | type) == "string" and (.ifindex | type) == "number" and (.up | type) == "boolean" and
			(.addresses | all(test("^[0-9a-f.:]+/[0-9]+$"))) and
			(if .peer.name then (.peer | ref) else true end) and (.ports // [] | all(type == "string")))) and
		(.routes | all((.dst | test("/")) and (.family | test("^ipv[46]$")) and (.table | type) == "number" and (if .link then (.link | ref) else true end))) and
		(.fdb | all((.mac | test("^([0-9a-f]{2}:){5}[0-9a-f]{2}$")) and (.state | type) == "string" and (if .link then (.link | ref) else true end))) and
		(.neigh | all((.addr | type) == "string" and (.state | type) == "string" and (if .link then (.link | ref) else true end)))' \
		"$BATS_TEST_TMPDIR/map" | sort -u >"$BATS_TEST_TMPDIR/ok"
	[ "$(cat "$BATS_TEST_TMPDIR/ok")" = true ]
	# Only what was asked for.
	[ "$(map -o json | jq -sc '[.[] | has("routes", "fdb", "neigh")] | any')" = false ]
	[ "$(map -o json | jq -sc '[.[] | select(.host)] | length')" = 1 ]
}

@test "names with escape sequences do nothing to a terminal" {
	# ip(8) itself is the one that lets such names through.
	evil=$(printf '\033[2J"\\&\377')
	new_netns "$name"
	ip -n "$name" link add "$evil" type bridge
	run -0 map --netns "$name"
	[[ $output == *'\x1b[2J"\&\xff'* ]]
	refute grep -q $'\033' <<<"$output"
	[ "$(map -o json --netns "$name" | jq -r '.links[1].name')" = "$(printf '\033[2J"\\&\\xff')" ]
	run -0 map "$evil"
	[[ $output == *" of $name (netns $(inode "$name"), bridge, 0 ports, down)" ]]
	if command -v dot >/dev/null; then
		map -o dot --netns "$name" | dot -Tplain >"$BATS_TEST_TMPDIR/plain"
		refute grep -q $'\033' "$BATS_TEST_TMPDIR/plain"
	fi
}

@test "dot: graphviz draws a host with 50 containers, each where it belongs" {
	command -v dot >/dev/null || skip "no graphviz here"
	lab_up bridge --hosts 50
	map -o dot >"$BATS_TEST_TMPDIR/map.dot"
	dot -Tsvg "$BATS_TEST_TMPDIR/map.dot" >"$BATS_TEST_TMPDIR/map.svg" 2>"$BATS_TEST_TMPDIR/dot.err"
	[ ! -s "$BATS_TEST_TMPDIR/dot.err" ]
	[ "$(grep -c 'class="cluster"' "$BATS_TEST_TMPDIR/map.svg")" -ge 51 ]
	# Left to right: the bridge, its ports, what is plugged in; the witness is where graphviz has put them.
	map -o dot --netns "$name-switch" --netns "$name-h9" >"$BATS_TEST_TMPDIR/map.dot"
	dot -Tjson0 "$BATS_TEST_TMPDIR/map.dot" >"$BATS_TEST_TMPDIR/map.json"
	x() { jq "[.objects[] | select((.label // \"\") | startswith(\"$1\")) | .pos | split(\",\")[0] | tonumber] | $2" "$BATS_TEST_TMPDIR/map.json"; }
	[ "$(jq -c "[.objects[] | select(.name | startswith(\"cluster\")) | .label | split(\"\\\\n\")[0]] | sort" "$BATS_TEST_TMPDIR/map.json")" = "[\"$name-h9\",\"$name-switch\"]" ]
	[ "$(jq -n "$(x 'br0 (bridge)' max) < $(x h9 min) and $(x h9 max) < $(x 'eth0\\n10.77.0.10/20' min)")" = true ]
}

@test "what stands on another device" {
	pair "$name"
	ip -n "$name-client" link add link eth0 name up0 type vlan id 7 2>/dev/null ||
		ip -n "$name-client" link add link eth0 name up0 type macvlan 2>/dev/null ||
		ip -n "$name-client" link add link eth0 name up0 type ipvlan 2>/dev/null ||
		skip "no VLAN, macvlan, ipvlan in this kernel"
	kind=$(ip -n "$name-client" -d -j link show up0 | jq -r '.[0].linkinfo.info_kind')
	[ "$(map -o json --netns "$name-client" | jq -c '.links[] | select(.name == "up0") | [.kind, .lower.name, .lower.netns.name]')" = "[\"$kind\",\"eth0\",\"$name-client\"]" ]
	run -0 map --netns "$name-client"
	[[ $output == *"up0 "*"$kind on eth0"* ]]
}

@test "loopback devices are shown when they have addresses of their own, or with --all" {
	pair "$name"
	ip -n "$name-client" addr add 10.96.0.10/32 dev lo
	run -0 map --netns "$name-client"
	[[ $output == *"lo "*"10.96.0.10/32"* ]]
	run -0 map --netns "$name-server"
	[[ $output != *" lo "* ]]
	run -0 map --netns "$name-server" --all
	[[ $output == *" lo "*127.0.0.1/8* ]]
	[[ $output == *"$(ip -n "$name-server" -j link show eth0 | jq -r '.[0].address')"* ]]
}

# bats test_tags=slow
@test "hundreds of namespaces: all of them, and well under a second" {
	lab_up bridge --hosts 200
	start=$(date +%s%N)
	map=$(map -o json --routes --fdb --neigh)
	took=$((($(date +%s%N) - start) / 1000000))
	echo "# $(jq -s length <<<"$map") namespaces in $took ms" >&3
	for n in client server h3 h77 h200; do
		same_links "$name-$n"
		has_peer "$name-$n" eth0 "$name-switch" "$n"
	done
	[ "$(of "$name-switch" '.links[] | select(.name == "br0") | .ports | length')" = 200 ]
	# The sanitizers take their part.
	[ "$took" -lt $((3000 * ${FLOWNER_SLOW:-1})) ]
}

@test "namespaces that vanish meanwhile are left out without a word" {
	(
		while [ -e "$BATS_TEST_TMPDIR" ] && [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
			ip netns add "$name-x" && ip netns add "$name-y" && ip -n "$name-x" link add v0 type veth peer name v1 netns "$name-y"
			ip netns del "$name-x"
			ip netns del "$name-y"
		done 2>/dev/null
	) 3>&- &
	churn=$!
	for _ in $(seq 40); do
		run -0 --separate-stderr map -o json --routes --fdb --neigh
		[ -z "$stderr" ] || { echo "$stderr" >&2; touch "$BATS_TEST_TMPDIR/enough"; return 1; }
		jq -e . <<<"$output" >/dev/null
	done
	touch "$BATS_TEST_TMPDIR/enough"
	wait "$churn" || true
	ip netns del "$name-x" 2>/dev/null || true
	ip netns del "$name-y" 2>/dev/null || true
}

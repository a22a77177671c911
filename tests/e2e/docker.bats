#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=slow
#
#   echo-client eth0 -- veth [br-… in machine] veth -- eth0 echo-server
#
# Docker's containers, by the names that `docker inspect` has for them.

load lib.bash
load flows_lib.bash
load engines_lib.bash

bats_require_minimum_version 1.5.0

setup_file() {
	docker_start
}

teardown_file() {
	world_stop
}

setup() {
	need_world
	net=$(random_name echo-net) server=$(random_name echo-server) client=$(random_name echo-client)
	docker network create "$net" >/dev/null
}

teardown() {
	end_background
	remove_netns
	docker_clean
}

# serve NAME OPTIONS…: a container that echoes on port 9000.
serve() {
	docker run -d --name "$1" "${@:2}" bb nc -ll -p 9000 -e cat >/dev/null
	wait_for 20 serving "$(docker_pid "$1")" 9000
}

# talk NAME ADDR: a container with one connection to ADDR:9000, 1,000 bytes through it, that stays.
talk() {
	docker run -d --name "$1" --network "$net" bb sh -c \
		"{ head -c 1000 /dev/zero; ${3:-} sleep 60; } | nc $2 9000 >/dev/null" >/dev/null
	wait_for 20 talking "$(docker_pid "$1")" 9000
}

# For what is to be seen whenever flowner has come to the link: said again and again.
again='while sleep 0.5; do head -c 1000 /dev/zero; done;'

# story [MORE]: echo-client talks to echo-server; their ids in $cid and $sid.
story() {
	serve "$server" --network "$net"
	ip=$(docker_ip "$server")
	talk "$client" "$ip" "${1:-}"
	cid=$(docker_id "$client") sid=$(docker_id "$server")
}

# both_ends N: N connections of $client and $server, each seen whole, each with one id.
both_ends() {
	expect "$1" '.type=="connect" and '"$(from "$client" "$cid") and $(to "$server" "$sid")"
	expect "$1" '.type=="accept" and '"$(from "$server" "$sid") and $(to "$client" "$cid")"
	expect "$1" '.type=="close" and '"$(from "$client" "$cid") and $(to "$server" "$sid")"
	expect "$1" '.type=="close" and '"$(from "$server" "$sid") and $(to "$client" "$cid")"
	# Of these two nothing else.
	expect "$((4 * $1))" '.conn and ([.owner, .peer.owner] | any(.container.id=="'"$cid"'" or .container.id=="'"$sid"'"))'
	[ "$(events ".conn and .owner.container.id==\"$sid\"" | jq -r .conn | sort -u | wc -l)" = "$1" ]
	[ "$(events ".conn and (.owner.container.id | IN(\"$sid\", \"$cid\"))" | jq -r .conn | sort | uniq -c | awk '$1 == 4' | wc -l)" = "$1" ]
}

@test "trace: both containers, at both ends, with the names and ids that docker inspect has" {
	trace_start
	story
	cip=$(docker_ip "$client")
	docker kill "$client" >/dev/null
	wait_for 20 saw_closes 1 "$sid"
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	both_ends 1
	expect 1 '.type=="listen" and .local.port==9000 and '"$(container "$server" "$sid")"
	expect 1 '.type=="connect" and .owner.container.runtime=="docker" and .owner.container.image=="'"$(docker inspect -f '{{.Config.Image}}' "$client")"'"'
	expect 1 '.type=="connect" and .local.addr=="'"$cip"'" and .remote.addr=="'"$ip"'" and .remote.port==9000 and '"$(container "$client" "$cid")"
	expect 1 '.type=="close" and .tx_bytes==1000 and .rx_bytes==1000 and '"$(container "$client" "$cid")"
}

@test "flows: the veth of each container, whose flows they are, and what it leads to" {
	flows_start -i 1
	story
	wait_for 20 told '.conn and '"$(flow_from "$client" "$cid")"
	wait_for 20 told '.conn and '"$(flow_from "$server" "$sid")"
	flows_stop
	for which in client server; do
		pid=$(docker_pid "${!which}")
		veth=$(host_veth "$pid")
		inode=$(stat -Lc %i "/proc/$pid/ns/net")
		expect_flow 1 "$(flow_from "$client" "$cid") and $(flow_to "$server" "$sid")" "$veth" "$inode"
		expect_flow 1 "$(flow_from "$server" "$sid") and $(flow_to "$client" "$cid")" "$veth" "$inode"
	done
	[ "$(final '.conn' | jq -r 'select([.src.port, .dst.port] | index(9000)) | select(.link.netns // .netns | .name=="machine") | select([.owner.container.id, .peer_owner.container.id] | index("'"$sid"'")) | .conn' | sort -u | wc -l)" = 1 ]
}

@test "who: one row, both containers, the connection's id as trace has it" {
	trace_start
	story
	who "$server"
	docker kill "$client" >/dev/null
	wait_for 20 saw_closes 1 "$sid"
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	expect_rows 1 '.client and .server'
	expect_rows 1 '.conn=="'"$(events '.type=="connect"' | jq -r "select($(container "$client" "$cid")).conn")"'"'
	expect_rows 1 "$(party client "$client" "$cid") and $(party server "$server" "$sid")"
}

@test "who: what ss has in each container, nothing missing and nothing invented" {
	story
	talk "$client-2" "$ip"
	docker exec -d "$client-2" sh -c "sleep 60 | nc $ip 9000"
	wait_for 20 talking "$(docker_pid "$client-2")" 9000 2
	who "$server"
	for c in "$client" "$client-2"; do
		in_container "$(docker_pid "$c")" ss -Htn state established | awk -v c="$c" '{ print c, $3, $4 }'
	done | LC_ALL=C sort >"$BATS_TEST_TMPDIR/ss"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/ss")" = 3 ]
	rows '.client and .server' | jq -r '"\(.client.owner.container.name) \(.client.local.addr):\(.client.local.port) \(.client.remote.addr):\(.client.remote.port)"' |
		LC_ALL=C sort | diff "$BATS_TEST_TMPDIR/ss" - >&2
	# The server has these three and no other.
	[ "$(in_container "$(docker_pid "$server")" ss -Htn state established | wc -l)" = 3 ]
	expect_rows 3 "$(party server "$server" "$(docker_id "$server")")"
}

@test "map: the host's end of a container's cable, as ip link has it" {
	story
	run --separate-stderr timeout 30 "$FLOWNER" map "$server"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"$server"* ]]
	[[ $output == *"$(host_veth "$(docker_pid "$server")")"* ]]
	[[ $output == *"br-$(docker network inspect -f '{{.Id}}' "$net" | cut -c1-12)"* ]]
	refute grep -qF "$(host_veth "$(docker_pid "$client")")" <<<"$output"
}

@test "a container that lives for a moment has its name in connect and close" {
	serve "$server" --network "$net"
	ip=$(docker_ip "$server")
	sid=$(docker_id "$server")
	trace_start
	for n in 1 2 3; do
		docker run --rm --cidfile "$BATS_TEST_TMPDIR/cid$n" --name "$client-$n" --network "$net" bb sh -c "echo x | nc -w 2 $ip 9000 >/dev/null"
	done
	wait_for 20 saw_closes 3 "$sid"
	for n in 1 2 3; do
		wait_for 20 saw_closes 1 "$(cat "$BATS_TEST_TMPDIR/cid$n")"
	done
	trace_stop
	for n in 1 2 3; do
		cid=$(cat "$BATS_TEST_TMPDIR/cid$n")
		expect 1 '.type=="connect" and '"$(from "$client-$n" "$cid") and $(to "$server" "$sid")"
		expect 1 '.type=="close" and '"$(from "$client-$n" "$cid") and $(to "$server" "$sid")"
		expect 1 '.type=="close" and '"$(from "$server" "$sid") and $(to "$client-$n" "$cid")"
	done
}

# call NAME: a connection from a process that docker exec puts into the container.
call() {
	docker exec "$1" sh -c "echo x | nc -w 2 $ip 9000 >/dev/null"
}

call_until() {
	call "$1"
	seen "$2"
}

@test "a container that gets another name has it in what comes a second later" {
	serve "$server" --network "$net"
	ip=$(docker_ip "$server")
	docker run -d --name "$client" --network "$net" bb sleep 100 >/dev/null
	cid=$(docker_id "$client")
	trace_start
	call "$client"
	wait_for 10 seen '.type=="connect" and '"$(container "$client" "$cid")"
	docker rename "$client" "$client-new"
	wait_for 5 call_until "$client-new" '.type=="connect" and '"$(container "$client-new" "$cid")"
	call "$client-new"
	trace_stop
	# One name, then the other, never back.
	[ "$(events '.type=="connect" and .owner.container.id=="'"$cid"'"' | jq -r .owner.container.name | uniq)" = "$client
$client-new" ]
}

@test "two containers of one image: each has its own name" {
	trace_start
	story
	talk "$client-2" "$ip"
	trace_stop
	for c in "$client" "$client-2"; do
		expect 1 '.type=="connect" and '"$(from "$c" "$(docker_id "$c")")"' and .local.addr=="'"$(docker_ip "$c")"'"'
		expect 1 '.type=="accept" and '"$(to "$c" "$(docker_id "$c")")"' and .remote.addr=="'"$(docker_ip "$c")"'"'
	done
	[ "$(docker_ip "$client")" != "$(docker_ip "$client-2")" ]
}

@test "--container NAME: trace has what happened at that container's end, started before flowner or after" {
	serve "$server" --network "$net"
	ip=$(docker_ip "$server")
	sid=$(docker_id "$server")
	trace_start --container "$server" --container "$client"
	talk "$client" "$ip"
	cid=$(docker_id "$client")
	talk "$client-2" "$ip"
	wait_for 10 seen '.type=="accept" and '"$(to "$client-2" "$(docker_id "$client-2")")"
	docker kill "$client" >/dev/null
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	expect 1 '.type=="connect" and '"$(container "$client" "$cid")"
	expect 1 '.type=="close" and '"$(container "$client" "$cid")"
	expect 2 '.type=="accept" and '"$(container "$server" "$sid")"
	expect 0 '.type!="lost" and ([.owner, .netns] | any(.container.id=="'"$cid"'" or .container.id=="'"$sid"'") | not)'
}

@test "--container ID-PREFIX: of a container that does not run yet" {
	# Docker itself listens in its namespace, for DNS: that is its own end too.
	serve "$server" --network "$net"
	ip=$(docker_ip "$server")
	cid=$(docker create --name "$client" --network "$net" bb sh -c "echo x | nc -w 2 $ip 9000 >/dev/null")
	trace_start --container "${cid:0:12}"
	docker start -a "$client"
	wait_for 20 saw_closes 1 "$cid"
	trace_stop
	expect 1 '.type=="connect" and '"$(container "$client" "$cid")"
	expect 1 '.type=="close" and '"$(container "$client" "$cid")"
	expect 0 '.type!="lost" and .owner.container.id!="'"$cid"'" and .netns.container.id!="'"$cid"'"'
}

@test "--container: flows has that container's alone, started before flowner or after" {
	flows_start -i 1 --container "$client"
	story "$again"
	talk "$client-2" "$ip"
	wait_for 20 told "$(flow_from "$client" "$cid")"
	wait_for 20 told "$(flow_to "$client" "$cid")"
	flows_stop
	# Others are ARP and the like, of nobody, on its cable.
	expect_flow 0 '.proto=="tcp" and ([.owner, .peer_owner] | any(.container.id=="'"$cid"'") | not)'
}

@test "capture --container: the packets of a container that starts later, both ends by name" {
	file=$BATS_TEST_TMPDIR/c.pcapng
	background "$FLOWNER" capture --container "$server" -w "$file" tcp port 9000 2>"$BATS_TEST_TMPDIR/err"
	cap=$bg
	wait_for 30 grep -q '^flowner: capturing' "$BATS_TEST_TMPDIR/err"
	story
	lines() { "$FLOWNER" -q capture -r "$file" 2>/dev/null; }
	captured() { lines | grep -qE "^[0-9:.]+ +$server +eth0 +In .* length 1000$"; }
	wait_for 20 captured
	stop "$cap" INT
	lines | grep -qF "in $server (docker ${sid:0:12}), netns "
	lines | grep -qF "in $client (docker ${cid:0:12}), netns "
	refute sh -c "'$FLOWNER' -q capture -r '$file' | grep -E '^[0-9:.]+ ' | grep -vE '^[0-9:.]+ +$server +eth0 '"
	capinfos "$file" 2>/dev/null | grep -q "Name = $server:eth0$"
	tshark -r "$file" -q -z hosts 2>/dev/null | grep -qx "$ip	$server"
}

# outside: a machine beside ours, 192.0.2.2; ours is 192.0.2.1 to it.
outside() {
	in_world ip netns add outside
	in_world ip link add ext0 type veth peer name eth0 netns outside
	in_world ip addr add 192.0.2.1/24 dev ext0
	in_world ip link set ext0 up
	in_world ip -n outside addr add 192.0.2.2/24 dev eth0
	in_world ip -n outside link set eth0 up
	wait_for 10 in_world ip netns exec outside timeout 2 nc -z 192.0.2.1 18080
}

outside_gone() {
	in_world ip link del ext0
	in_world ip netns del outside
}

@test "a published port, from outside through DNAT: who is there behind the address" {
	serve "$server" --network "$net" -p 18080:9000
	sid=$(docker_id "$server")
	outside
	trace_start
	background nsenter --target "$WORLD" --mount --net -- ip netns exec outside "$FLOWNER_OUTSIDE" echo ping 192.0.2.1:18080 --hold 30
	pid=$bg
	wait_for 20 seen '.type=="accept" and .owner.container.id=="'"$sid"'"'
	who "$server"
	stop "$pid"
	trace_stop
	outside_gone
	expect 1 '.type=="connect" and .owner.pid=='"$pid"' and .remote.addr=="192.0.2.1" and .remote.port==18080 and '"$(to "$server" "$sid")"
	expect 1 '.type=="accept" and .local.port==9000 and .peer.owner.pid=='"$pid"' and '"$(container "$server" "$sid")"
	[ "$(events '.conn' | jq -r 'select(.owner.pid=='"$pid"' or .owner.container.id=="'"$sid"'").conn' | sort -u | wc -l)" = 1 ]
	expect_rows 1 '.client.owner.pid=='"$pid"' and .client.remote.port==18080 and '"$(party server "$server" "$sid")"
}

@test "a published port, from the machine itself: docker-proxy stands between, both real ends are named" {
	serve "$server" --network "$net" -p 18080:9000
	sid=$(docker_id "$server")
	trace_start
	background nsenter --target "$WORLD" --mount --net -- "$FLOWNER_OUTSIDE" echo ping 127.0.0.1:18080 --hold 30
	pid=$bg
	wait_for 20 seen '.type=="accept" and .owner.container.id=="'"$sid"'"'
	wait_for 20 seen '.type=="accept" and .peer.owner.pid=='"$pid"
	who "$server"
	stop "$pid"
	trace_stop
	expect 1 '.type=="connect" and .owner.pid=='"$pid"' and .peer.owner.comm=="docker-proxy"'
	expect 1 '.type=="connect" and .owner.comm=="docker-proxy" and '"$(to "$server" "$sid")"
	expect 1 '.type=="accept" and .peer.owner.comm=="docker-proxy" and '"$(container "$server" "$sid")"
	expect_rows 1 '.client.owner.pid=='"$pid"' and '"$(party server "$server" "$sid")"' and .via.owner.comm=="docker-proxy"'
}

@test "a published port, from another container by the gateway's address" {
	serve "$server" --network "$net" -p 18080:9000
	sid=$(docker_id "$server")
	gateway=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' "$net" | grep .)
	docker network create "$net-2" >/dev/null
	trace_start
	docker run -d --name "$client" --network "$net-2" bb sh -c "{ echo x; sleep 60; } | nc $gateway 18080 >/dev/null" >/dev/null
	cid=$(docker_id "$client")
	wait_for 20 seen '.type=="accept" and .owner.container.id=="'"$sid"'"'
	wait_for 20 seen '.type=="connect" and .owner.container.id=="'"$cid"'"'
	who "$server"
	trace_stop
	expect 1 '.type=="connect" and .remote.addr=="'"$gateway"'" and .remote.port==18080 and '"$(container "$client" "$cid")"
	expect_rows 1 "$(party client "$client" "$cid") and $(party server "$server" "$sid")"
}

@test "the same addresses in a network that is not Docker's: nothing joined across" {
	docker network create --subnet 10.9.0.0/24 --gateway 10.9.0.254 "$net-2" >/dev/null
	serve "$server" --network "$net-2" --ip 10.9.0.2
	sid=$(docker_id "$server")
	pair "$(random_name e)"
	c=${NETNS_MADE[0]} s=${NETNS_MADE[1]}
	background in_ns "$s" "$FLOWNER_OUTSIDE" echo serve 9000
	wait_for 20 listening "$s" 9000
	trace_start
	docker run --cidfile "$BATS_TEST_TMPDIR/cid" --name "$client" --network "$net-2" --ip 10.9.0.1 bb sh -c "echo x | nc -w 2 -p 40000 10.9.0.2 9000 >/dev/null"
	cid=$(cat "$BATS_TEST_TMPDIR/cid")
	in_ns "$c" sh -c 'echo x | timeout 10 nc -N -p 40000 10.9.0.2 9000' >/dev/null
	wait_for 20 saw_closes 1 "$sid"
	wait_for 20 saw_closes 1 "$cid"
	for end in 10.9.0.1 10.9.0.2; do
		wait_for 20 seen '.type=="close" and (.owner|has("container")|not) and .local.addr=="'"$end"'"'
	done
	trace_stop
	both_ends 1
	mine='(.local.addr=="10.9.0.1" or .local.addr=="10.9.0.2")'
	pairs="$(stat -Lc %i "/run/netns/$c") $(stat -Lc %i "/run/netns/$s")"
	expect 4 ".conn and $mine and (.netns.inode | IN(${pairs/ /,}))"' and (.peer.netns.inode | IN('"${pairs/ /,}"'))'
	expect 0 ".conn and $mine and (.netns.inode | IN(${pairs/ /,}))"' and ([.owner, .peer.owner] | any(has("container")))'
	[ "$(events ".conn and $mine" | jq -r .conn | sort | uniq -c | awk '$1 == 4' | wc -l)" = 2 ]
}

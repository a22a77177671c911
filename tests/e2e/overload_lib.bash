# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests under more load than can be borne: what memory is allowed, who takes the CPUs away, who counts besides.

# memory PID FIELD: VmHWM, VmRSS…, in KiB.
memory() {
	awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"
}

# within PID LIMIT: its memory has at no time been more than that, in KiB.
within() {
	local most
	most=$(memory "$1" VmHWM)
	echo "at most $most KiB of $2"
	[ "$most" -le "$2" ]
}

# hogs: both CPUs have something better to do than what is nice.
hogs() {
	local i
	for ((i = 0; i < 2 * $(nproc); i++)); do
		background sh -c 'while :; do :; done'
	done
}

# tcp_counter NETNS NAME: of /proc/net/snmp, as ActiveOpens, RetransSegs.
tcp_counter() {
	in_ns "$1" awk -v name="$2" '/^Tcp:/ && !n { for (i = 2; i <= NF; i++) if ($i == name) n = i; next } /^Tcp:/ { print $n }' /proc/net/snmp
}

# extra: records at most that a storm has besides those of its connections, by the kernel's counters: a segment sent again; a
# reset that one end sends and the other receives; a request that a full queue drops when its last ACK comes, once it is a socket.
extra() {
	local ns sum=0
	for ns in "$client" "$server"; do
		sum=$((sum + $(tcp_counter "$ns" RetransSegs) + 2 * $(tcp_counter "$ns" OutRsts) + $(overflows "$ns")))
	done
	echo $sum
}

# overflows NETNS: of /proc/net/netstat, ListenDrops.
overflows() {
	in_ns "$1" awk '/^TcpExt:/ && !n { for (i = 2; i <= NF; i++) if ($i == "ListenDrops") n = i; next } /^TcpExt:/ { print $n }' /proc/net/netstat
}

# device NETNS COUNTER: rx_packets, tx_packets… of its eth0.
device() {
	in_ns "$1" cat "/sys/class/net/eth0/statistics/$2"
}

# carried NETNS: packets in and out of its eth0.
carried() {
	echo $(($(device "$1" rx_packets) + $(device "$1" tx_packets)))
}

# quiet_pair: no packet between the two but those of the test: neighbours are known, and no IPv6 looks for routers.
quiet_pair() {
	local ns other mac
	for ns in "$client" "$server"; do
		in_ns "$ns" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	done
	for ns in "$client 10.9.0.2 $server" "$server 10.9.0.1 $client"; do
		set -- $ns
		other=$2
		mac=$(in_ns "$3" cat /sys/class/net/eth0/address)
		ip -n "$1" neigh replace "$other" lladdr "$mac" dev eth0 nud permanent
	done
}

# storm N [OPTIONS]: N connections; each is made, each byte comes back right. The kernel has counted as many.
storm() {
	local before
	before=$(tcp_counter "$client" ActiveOpens)
	in_ns "$client" "$plain" echo ping 10.9.0.2:9000 -n "$1" -c 40 --timeout 120 -o json "${@:2}" >"$BATS_TEST_TMPDIR/storm"
	[ "$(jq .ok "$BATS_TEST_TMPDIR/storm")" = "$1" ]
	[ $(($(tcp_counter "$client" ActiveOpens) - before)) = "$1" ]
	# The server may take its time to close.
	wait_for 60 all_closed "$client"
	wait_for 60 all_closed "$server"
}

all_closed() {
	[ -z "$(in_ns "$1" ss -Htan state connected exclude time-wait)" ]
}

serve() {
	background in_ns "$server" "$plain" echo serve 9000
	wait_for 20 listening "$server" 9000
}

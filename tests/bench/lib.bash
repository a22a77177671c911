# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests/bench/run, inside: a link, loads on it, flowner, and figures. Figures are JSON, one object a line.

figures=$dir/figures
sender_dev=bench-a receiver_dev=bench-b
sender_addr=10.88.0.1 receiver_addr=10.88.0.2 nobody=10.89.0.0 port=9000
devices=("$sender_dev" "$receiver_dev")

die() { echo "bench: $*" >&2; exit 1; }

# figure PART KEY=TEXT…
figure() {
	local part=$1
	shift
	jq -cn --arg part "$part" '{part: $part} + ([$ARGS.positional[] | capture("(?<key>[^=]*)=(?<value>.*)")] | from_entries)' \
		--args "$@" >>"$figures"
}

# until_true COMMAND…
until_true() {
	for _ in {1..1000}; do
		! "$@" 2>/dev/null || return 0
		sleep 0.01
	done
	die "waited in vain for: $*"
}

# Not functions: in the background these would be one process more, and not the one whose pid it is.
sender=(ip netns exec sender)
receiver=(ip netns exec receiver)

# start NAME COMMAND…: in the background; its pid in $started, its output in $dir/NAME.
start() {
	local name=$1
	shift
	rm -f "$dir/$name" "$dir/$name.err"	# what an earlier one said is not to be taken for this one's
	"$@" >"$dir/$name" 2>"$dir/$name.err" &
	started=$!
}

# end PID SIGNAL
end() {
	kill "-$2" "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

net_up() {
	mkdir -p /run/netns
	mount -t tmpfs none /run/netns
	ip netns add sender
	ip netns add receiver
	ip link add "$sender_dev" netns sender type veth peer name "$receiver_dev" netns receiver
	for ns in sender receiver; do
		# No packets but those of the loads; ports are free again at once.
		ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
			net.ipv4.tcp_max_tw_buckets=0
		ip -n $ns link set lo up
	done
	ip -n sender addr add $sender_addr/24 dev $sender_dev
	ip -n receiver addr add $receiver_addr/24 dev $receiver_dev
	ip -n sender link set $sender_dev up
	ip -n receiver link set $receiver_dev up
	# Where nothing happens.
	ip netns add idle
	ip link add bench-idle netns idle type veth peer name eth0 netns idle
	ip -n idle link set bench-idle up
	# The receiver drops what is for these without a word.
	ip -n sender route add 10.89.0.0/16 via $receiver_addr
}

# --- loads ---

# The last CPU sends where there are several; the rest is the scheduler's.
pinned=(taskset -c $(($(nproc) - 1)))
loads=()
# So many that no processor waits for one of them: with 2 on 2 a fifth of the time nobody works, with 16 a hundredth.
long_clients=$((4 * $(nproc))) long_port=$((port + 1)) short_clients=$((8 * $(nproc)))

find_loads() {
	loads=(udp-64 udp-100000)
	if command -v iperf3 >/dev/null; then
		loads+=(tcp-bulk)
		start iperf3 "${receiver[@]}" iperf3 -s --forceflush
		until_true grep -q listening "$dir/iperf3"
	else
		figure skipped what=tcp-bulk why="iperf3 is missing"
	fi
	loads+=(tcp-short tcp-long)
	start serve "${receiver[@]}" "$tools/tcp_load" serve $receiver_addr $port $short_clients
	until_true grep -q listening "$dir/serve"
	start share "${receiver[@]}" "$tools/tcp_load" share $receiver_addr $long_port $long_clients
	until_true grep -q listening "$dir/share"
}

# load NAME SECONDS: one JSON object: how much was done a second, and, where that is known, a second of the CPU time that
# it took, which is less at the mercy of those who share the machine.
load() {
	case $1 in
	udp-*)
		"${sender[@]}" "${pinned[@]}" "$tools/udp_load" --flows "${1#udp-}" --frame 64 --seconds "$2" $nobody |
			jq -c '{unit: "packets/s", rate: (.sent / .seconds), cpu_unit: "packets/CPU-s", cpu_rate: (.sent / .cpu_seconds), done: .sent}'
		;;
	tcp-bulk)
		"${sender[@]}" iperf3 -J -c $receiver_addr -t "${2%.*}" |
			jq -c '.end | (.sum_received.bits_per_second / 8e6) as $rate | .cpu_utilization_percent as $cpu
				| {unit: "MB/s", rate: $rate, cpu_unit: "MB/CPU-s",
				   cpu_rate: ($rate / ($cpu.host_total + $cpu.remote_total) * 100)}'
		;;
	tcp-short)
		"${sender[@]}" "$tools/tcp_load" short $receiver_addr $port $short_clients "$2" |
			jq -c '{unit: "connections/s", rate: (.done / .seconds), done: .done}'
		;;
	tcp-long)
		"${sender[@]}" "$tools/tcp_load" long $receiver_addr $long_port $long_clients "$2" |
			jq -c '{unit: "round-trips/s", rate: (.done / .seconds), done: .done}'
		;;
	esac
}

# Packets that the device counted: sent and received.
device_packets() {
	ip -n "$1" -s -j link show dev "$2" | jq '.[0].stats64 | .tx.packets + .rx.packets'
}

# --- flowner ---

# flowner_start DEVICE…: its pid in $watcher.
flowner_start() {
	local devs=() d
	for d; do
		devs+=(--dev "$d")
	done
	start flowner "$flowner" flows "${devs[@]}" --top 20
	watcher=$started
	until_true grep -q '^flowner: watching' "$dir/flowner.err"
}

# flowner_stop: what it saw and lost are in $seen and $lost.
flowner_stop() {
	end "$watcher" TERM
	seen=$(sed -n 's/^flowner: \([0-9]*\) packets, .*counted.*/\1/p' "$dir/flowner.err")
	lost=$(sed -n 's/^flowner: .* \([0-9]*\) packets lost.*/\1/p' "$dir/flowner.err")
	[ -n "$seen" ] || { cat "$dir/flowner.err" >&2; die "flowner did not end as it should"; }
}

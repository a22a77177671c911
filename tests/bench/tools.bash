# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests/bench/run, inside: what is measured. Each tool watches the link, or all sockets of the machine, until it is
# stopped. What they write goes to memory.
#
#	tool_starts NAME	runs and is at its work; its processes' pids are in $pids
#	tool_stops NAME		$seen, $lost: of what the load made, in $seen_unit (packets, connections, changes); empty: not told

# Those of flowner, and what it is to be measured by; then what the distribution has besides. After each the loads it
# has to do with.
own_tools=(
	"empty: tcp-short tcp-long udp-64 tcp-bulk"
	"bare-record: tcp-short tcp-long"
	"trace-counted: tcp-short tcp-long"
	"trace: tcp-short tcp-long"
	"flows: tcp-short tcp-long udp-64 udp-100000 tcp-bulk"
	"trace+flows: tcp-short udp-64"
	"capture-none: tcp-short tcp-long udp-64 tcp-bulk"
	"capture-96: tcp-short udp-64 tcp-bulk"
	"trace-elsewhere: tcp-short"
	"flows-elsewhere: tcp-short udp-64 tcp-bulk"
)
other_tools=(
	"tcpdump-96: tcp-short udp-64 tcp-bulk"
	"softflowd: tcp-short udp-64 udp-100000"
	"tcplife: tcp-short"
	"tcpstates: tcp-short"
	"bpftrace-count: tcp-short"
	"bpftrace-print: tcp-short"
	"perf: tcp-short"
	"conntrack: tcp-short"
)

# What a tool is called where it is packaged; nothing: it is ours.
command_of() {
	case $1 in
	tcpdump-* | bpftrace-*) echo "${1%%-*}" ;;
	softflowd | tcplife | tcpstates | perf | conntrack) echo "$1" ;;
	esac
}

programs_of() { "$tools/prog_stats" "$1" >/dev/null; }

# begin NAME COMMAND…: one more process of the tool.
begin() {
	start "$@"
	pids+=("$started")
}

said() { until_true grep -q "$2" "$dir/$1.err"; }

tool_starts() {
	local out=$dir/out
	pids=() seen='' lost='' seen_unit=''
	rm -rf "${out:?}"/*
	case $1 in
	empty)
		begin empty-s "${sender[@]}" "$tools/tcx_empty" --quiet $sender_dev
		begin empty-r "${receiver[@]}" "$tools/tcx_empty" --quiet $receiver_dev
		until_true grep -q attached "$dir/empty-s"
		until_true grep -q attached "$dir/empty-r"
		;;
	bare-record | trace-counted)
		begin count "$tools/count_records" "$([ "$1" = bare-record ] && echo bare || echo trace)"
		until_true grep -q counting "$dir/count"
		;;
	trace | trace+flows)
		begin trace sh -c "exec '$flowner' trace -o json >$out/trace"
		said trace tracing
		;;&
	flows | trace+flows)
		begin flows sh -c "exec '$flowner' flows --dev $sender_dev --dev $receiver_dev -o json >$out/flows"
		said flows watching
		;;
	capture-none)
		begin capture "$flowner" capture --dev $sender_dev --dev $receiver_dev -w "$out/pcapng" 'tcp port 1 and host 192.0.2.1'
		said capture capturing
		;;
	capture-96)
		begin capture "$flowner" capture --dev $receiver_dev -s 96 -w "$out/pcapng"
		said capture capturing
		;;
	trace-elsewhere)
		begin trace sh -c "exec '$flowner' trace --netns idle -o json >$out/trace"
		said trace tracing
		;;
	flows-elsewhere)
		begin flows sh -c "exec '$flowner' flows --netns idle --dev bench-idle -o json >$out/flows"
		said flows watching
		;;
	tcpdump-96)
		begin tcpdump "${receiver[@]}" tcpdump -Z root -n -i $receiver_dev -s 96 -B 8192 -w "$out/pcap"
		said tcpdump listening
		;;
	softflowd)
		begin softflowd "${receiver[@]}" softflowd -d -i $receiver_dev -p "$out/softflowd.pid" -c "$out/softflowd.ctl" -m 200000
		until_true test -e "$out/softflowd.ctl"
		;;
	tcplife | tcpstates)
		begin "$1" "$1"
		until_true programs_of "$started" # it says nothing until its buffer is full
		;;
	bpftrace-count)
		begin bpftrace bpftrace -e 'tracepoint:sock:inet_sock_set_state { @ = count(); } BEGIN { printf("begun\n"); }'
		until_true grep -q begun "$dir/bpftrace"
		;;
	bpftrace-print)
		begin bpftrace sh -c "BPFTRACE_PERF_RB_PAGES=512 exec bpftrace -e 'BEGIN { printf(\"begun\\n\"); }
			tracepoint:sock:inet_sock_set_state { printf(\"%s %d %d %d\\n\", comm, args->sport, args->oldstate, args->newstate); }'"
		until_true grep -q begun "$dir/bpftrace"
		;;
	perf)
		begin perf perf record -q -a -e sock:inet_sock_set_state -o "$out/perf"
		until_true test -s "$out/perf"
		;;
	conntrack)
		# Without a rule that wants it nothing is tracked; that it is belongs to this tool's price.
		"${receiver[@]}" nft 'add table ip bench; add chain ip bench c { type filter hook prerouting priority 0; }; add rule ip bench c ct state new counter'
		begin conntrack "${receiver[@]}" conntrack -E -b 8388608
		sleep 0.2
		;;
	esac
}

number() { sed -nE "s/$1/\1/p" "$2" | tail -n1; }

tool_stops() {
	local p
	for p in "${pids[@]}"; do
		case $1 in
		tcpdump-96 | tcplife | tcpstates | bpftrace-* | perf | conntrack) end "$p" INT ;;
		*) end "$p" TERM ;;
		esac
	done
	case $1 in
	bare-record) seen_unit=changes seen=$(number '^([0-9]+) records.*' "$dir/count") lost=$(number '.* ([0-9]+) lost$' "$dir/count") ;;
	trace-counted) seen_unit=records seen=$(number '^([0-9]+) records.*' "$dir/count") lost=$(number '.* ([0-9]+) lost$' "$dir/count") ;;
	trace) seen_unit=records seen=$(number '.* ([0-9]+) records seen.*' "$dir/trace.err") lost=$(number '.* ([0-9]+) lost,.*' "$dir/trace.err") ;;
	flows | trace+flows)
		seen_unit=packets-twice seen=$(number '^flowner: ([0-9]+) packets, .*' "$dir/flows.err")
		lost=$(number '.* ([0-9]+) packets lost.*' "$dir/flows.err")
		;;
	capture-96)
		seen_unit=packets seen=$(number '^flowner: ([0-9]+) packets written.*' "$dir/capture.err")
		lost=$(number '.* ([0-9]+) lost,.*' "$dir/capture.err")
		;;
	tcpdump-96)
		seen_unit=packets seen=$(number '^([0-9]+) packets captured' "$dir/tcpdump.err")
		lost=$(number '^([0-9]+) packets dropped by kernel' "$dir/tcpdump.err")
		;;
	tcplife) seen_unit=ends seen=$(grep -c " $port " "$dir/tcplife") || true ;;
	tcpstates) seen_unit=changes seen=$(grep -c " $port " "$dir/tcpstates") || true ;;
	bpftrace-count) seen_unit=changes seen=$(number '^@: ([0-9]+)' "$dir/bpftrace") ;;
	bpftrace-print) seen_unit=changes seen=$(($(wc -l <"$dir/bpftrace") - 2)) lost=$(awk '/^Lost/ { n += $2 } END { print n + 0 }' "$dir/bpftrace" "$dir/bpftrace.err") ;;
	conntrack)
		"${receiver[@]}" nft delete table ip bench
		seen_unit=connections seen=$(grep -c '\[NEW\]' "$dir/conntrack") || true
		;;
	esac
}

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of `flowner flows`: run it, and compare it with tcpdump.

# flows_start ARGS…: `flowner flows -o json ARGS`, running; its pid in $flows, lines in $flows_out.
flows_start() {
	flows_out=$BATS_TEST_TMPDIR/flows.$RANDOM flows_err=$BATS_TEST_TMPDIR/flows-err.$RANDOM
	background "$FLOWNER" -v flows -o json "$@" >"$flows_out" 2>"$flows_err"
	flows=$bg
	wait_for 30 grep -q '^flowner: watching' "$flows_err" || { cat "$flows_err" >&2; return 1; }
}

# flows_stop [STATUS]: end it; the last line of each flow is marked final.
flows_stop() {
	local status=0
	stop "$flows" INT || status=$?
	[ "$status" = "${1:-0}" ] || { echo "flowner flows ended with $status" >&2; cat "$flows_err" >&2; return 1; }
}

# final FILTER: what is final of the flows that jq's FILTER selects, one a line.
final() {
	jq -c "select(.final and ($1))" "$flows_out"
}

# sum FIELD FILTER
sum() {
	final "$2" | jq -s "map(.$1) | add // 0"
}


# dump_start NETNS DEV: tcpdump on both directions, running.
dump_start() {
	local dir
	dump=$BATS_TEST_TMPDIR/dump.$RANDOM dumps=()
	for dir in in out; do
		background in_ns "$1" tcpdump -Z root -n -i "$2" -Q $dir -s 200 -B 65536 --immediate-mode -U -w "$dump.$dir" \
			2>"$dump.$dir.err"
		dumps+=("$bg")
	done
	wait_for 20 grep -q 'listening on' "$dump.in.err"
	wait_for 20 grep -q 'listening on' "$dump.out.err"
}

# dump_stop NETNS PEER-NETNS: all that passed NETNS's eth0 is in the files then; none was missed. On SIGINT tcpdump leaves in
# the kernel's buffer what it has not come to yet: wait until it has written a frame sent after all others.
dump_stop() {
	local pid dir mark=666c6f776e65722d6c617374
	in_ns "$1" "$BATS_TEST_DIRNAME/traffic.py" raw eth0 "ffffffffffff02000000000188b6$mark$(printf '00%.0s' {1..40})" 1
	in_ns "$2" "$BATS_TEST_DIRNAME/traffic.py" raw eth0 "ffffffffffff02000000000188b6$mark$(printf '00%.0s' {1..40})" 1
	wait_for 60 grep -qa flowner-last "$dump.in"
	wait_for 60 grep -qa flowner-last "$dump.out"
	for pid in "${dumps[@]}"; do
		stop "$pid" INT || true
	done
	for dir in in out; do
		grep -q '^0 packets dropped by kernel' "$dump.$dir.err" || { cat "$dump.$dir.err" >&2; return 1; }
	done
}

# dumped PATTERN: tcpdump's flows, of those lines that match: direction proto src dst vlan packets bytes
dumped() {
	"$BATS_TEST_DIRNAME/pcap_flows.py" egress="$dump.out" ingress="$dump.in" | grep -E "$1"
}

# counted NETNS DEV PATTERN: flowner's, in the same shape.
counted() {
	final ".netns.name==\"$1\" and .link.name==\"$2\"" | jq -rs '
		def point: if .port then "\(.addr):\(.port)" else "\(.addr):0" end;
		map({key: [.direction,
			(if .proto=="other" then .ethertype elif .icmp then "\(.proto):\(.icmp.type):\(.icmp.id // 0)" else .proto end),
			(if .proto=="arp" then .src.addr elif .src then (.src|point) else "-" end),
			(if .proto=="arp" then .dst.addr elif .dst then (.dst|point) else "-" end),
			(.vlan // "-" | if type=="array" then map(tostring)|join(",") else tostring end)],
			packets, bytes})
		| group_by(.key) | .[] | .[0].key + [(map(.packets)|add), (map(.bytes)|add)] | map(tostring) | join(" ")' |
		LC_ALL=C sort | grep -E "$3"
}

# same_flows NETNS DEV PATTERN [LEAST]: flowner and tcpdump agree on each, and there are at least LEAST (2).
same_flows() {
	dumped "$3" | LC_ALL=C sort >"$BATS_TEST_TMPDIR/dumped" || true
	counted "$1" "$2" "$3" >"$BATS_TEST_TMPDIR/counted" || true
	[ "$(wc -l <"$BATS_TEST_TMPDIR/dumped")" -ge "${4:-2}" ] || { echo "tcpdump saw too little:" >&2; cat "$BATS_TEST_TMPDIR/dumped" >&2; return 1; }
	diff "$BATS_TEST_TMPDIR/dumped" "$BATS_TEST_TMPDIR/counted" >&2
}

# told FILTER: for wait_for: some line so far has it.
told() {
	[ -n "$(jq -c "select($1)" "$flows_out" 2>/dev/null | head -n1)" ]
}

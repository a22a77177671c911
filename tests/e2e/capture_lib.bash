# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of `flowner capture`: run it, and compare what it wrote with tcpdump's.

# capture_start ARGS…: `flowner capture ARGS`, running; its pid in $cap, stdout in $cap_out, stderr in $cap_err.
capture_start() {
	[ -z "${file:-}" ] || rm -f "$file"	# one that is there is not written to
	cap_out=$BATS_TEST_TMPDIR/cap.$RANDOM cap_err=$BATS_TEST_TMPDIR/cap-err.$RANDOM
	background "$FLOWNER" capture "$@" >"$cap_out" 2>"$cap_err"
	cap=$bg
	wait_for 30 grep -q '^flowner: capturing' "$cap_err" || { cat "$cap_err" >&2; return 1; }
}

# capture_stop [STATUS]: end it; it says how much there was.
capture_stop() {
	stop "$cap" INT || true
	capture_ended "$@"
}

# capture_ended [STATUS]: it ends by itself.
capture_ended() {
	local status=0
	wait "$cap" || status=$?
	[ "$status" = "${1:-0}" ] || { echo "flowner capture ended with $status" >&2; cat "$cap_err" >&2; return 1; }
}

# summary written|shown|matched|lost|seen: the number that the last line has.
summary() {
	case $1 in
	written | shown) sed -nE "s/^flowner: ([0-9]+) packets $1, .*/\1/p" "$cap_err" ;;
	*) sed -nE "s/^flowner: [0-9]+ packets .* ([0-9]+) $1[ ,].*/\1/p" "$cap_err" ;;
	esac
}

# mark first|last: a frame that tells where what matters begins or ends, each way between $client and $server.
mark() {
	local hex ns
	hex=ffffffffffff02000000000188b6$(printf 'flowner-%s' "$1" | od -An -v -tx1 | tr -d ' \n')$(printf '00%.0s' {1..40})
	for ns in "$client" "$server"; do
		in_ns "$ns" "$BATS_TEST_DIRNAME/traffic.py" raw eth0 "$hex" 1
	done
}

# both_start FILE SNAPLEN ARGS…: flowner into FILE, and tcpdump, on the server's eth0.
both_start() {
	local dir
	cap_file=$1 dump=$BATS_TEST_TMPDIR/dump.$RANDOM dumps=()
	capture_start --netns "$server" --strict -w "$1" -s "$2" "${@:3}"
	for dir in in out; do
		background in_ns "$server" tcpdump -Z root -n -i eth0 -Q $dir -s "$2" -B 65536 -U -w "$dump.$dir" 2>"$dump.$dir.err"
		dumps+=("$bg")
		wait_for 20 grep -q 'listening on' "$dump.$dir.err"
	done
	mark first
}

# both_stop: neither missed anything. tcpdump leaves in the kernel's buffer what it has not come to: wait for the last.
both_stop() {
	local pid dir
	mark last
	for dir in in out; do
		wait_for 60 grep -qa flowner-last "$dump.$dir"
	done
	for pid in "${dumps[@]}"; do
		stop "$pid" INT || true
	done
	for dir in in out; do
		grep -q '^0 packets dropped by kernel' "$dump.$dir.err" || { cat "$dump.$dir.err" >&2; return 1; }
	done
	capture_stop
}

packets() {
	"$BATS_TEST_DIRNAME/pcap_packets.py" "$@"
}

# same_packets LEAST: at least so many, each the same, byte for byte, in direction and both lengths.
same_packets() {
	packets egress="$dump.out" ingress="$dump.in" | sort >"$BATS_TEST_TMPDIR/dumped"
	packets --device eth0 "$cap_file" | sort >"$BATS_TEST_TMPDIR/captured"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/dumped")" -ge "$1" ] || { echo "tcpdump saw too little:" >&2; cat "$BATS_TEST_TMPDIR/dumped" >&2; return 1; }
	diff "$BATS_TEST_TMPDIR/dumped" "$BATS_TEST_TMPDIR/captured" >&2
}

# readable FILE: tshark, capinfos and tcpdump have nothing to complain about.
readable() {
	local err=$BATS_TEST_TMPDIR/readers.err
	tshark -n -r "$1" 2>&1 >/dev/null | { grep -v '^Running as user "root"' || true; } >"$err"
	capinfos "$1" 2>>"$err" >"$BATS_TEST_TMPDIR/capinfos"
	tcpdump -n -r "$1" 2>&1 >/dev/null | { grep -v '^reading from file ' || true; } >>"$err"
	[ ! -s "$err" ] || { cat "$err" >&2; return 1; }
	grep -qE '^Strict time order: +True' "$BATS_TEST_TMPDIR/capinfos" || { cat "$BATS_TEST_TMPDIR/capinfos" >&2; return 1; }
}

# statistics FILE…: an interface a line: name, received, accepted, dropped, delivered, packets in the file
statistics() {
	"$BATS_TEST_DIRNAME/pcap_packets.py" --statistics "$@"
}

# statistic N FILE…: the sum of column N of it.
statistic() {
	statistics "${@:2}" | awk -v n="$1" '{ sum += $n } END { print sum + 0 }'
}

# count_in FILE [EXPRESSION]: tcpdump is who counts.
count_in() {
	tcpdump -n -r "$@" 2>/dev/null | grep -c '^[0-9]'
}

serve() { # [PORT]
	background in_ns "$server" "$FLOWNER" echo serve "${1:-9000}"
	serve=$bg
	wait_for 20 listening "$server" "${1:-9000}"
}

# The ids of the BPF programs that a process holds.
programs_of() {
	sed -n 's/^prog_id:[^0-9]*//p' /proc/"$1"/fdinfo/* | sort -u
}

# No program has that id any more.
gone() {
	! bpftool prog show id "$1" >/dev/null 2>&1
}

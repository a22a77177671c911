#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   NAME-client eth0 ---- eth0 NAME-server
#
# What flowner has to be permitted to start with, and what it may do once it runs, by the kernel's account.

load lib.bash
load privileges_lib.bash

setup() {
	bats_require_minimum_version 1.5.0
	name=$(random_name p)
	pair "$name"
	client=$name-client server=$name-server
	err=$BATS_TEST_TMPDIR/err
}

teardown() {
	end_background
	remove_netns
	forget_flowner
}

all=bpf,perfmon,net_admin,sys_ptrace,sys_admin

# without CAPABILITY LIST: the list, less that one
without() {
	local c out=
	for c in ${2//,/ }; do
		[ "$c" = "$1" ] || out=$out,$c
	done
	echo "${out#,}"
}

# needs COMMAND: what it cannot start without
needs() {
	case $1 in
	trace) echo bpf,perfmon,sys_ptrace ;;
	flows | capture | who) echo $all ;;
	map) echo net_admin,sys_ptrace,sys_admin ;;
	lab) echo net_admin,sys_admin ;;
	esac
}

# words COMMAND: one that is over at once, and says something of this test's namespaces only
words() {
	case $1 in
	trace) echo "trace --netns $client -d 0.1" ;;
	flows) echo "flows --netns $client -d 0.1" ;;
	capture) echo "capture --netns $client -d 0.1" ;;
	who) echo "who --listening --netns $server" ;;
	map) echo "map --netns $client" ;;
	lab) echo "lab show" ;;
	esac
}

# --- at the beginning ---

@test "each capability that is missing is named, alone, with what to do, and nothing is begun: exit 4" {
	not_for_coverage
	reachable_flowner
	for cmd in trace flows capture who map lab; do
		for cap in $(needs "$cmd" | tr , ' '); do
			for who in root user; do
				left=$(without "$cap" "$(needs "$cmd")")
				# CAP_SYS_ADMIN stands for these two.
				case $cap in bpf | perfmon) left=$(without sys_admin "$left") ;; esac
				# shellcheck disable=SC2046
				run -4 --separate-stderr with $who "$left" "$flowner" $(words "$cmd")
				[ -z "$output" ]
				[ "$(wc -l <<<"$stderr")" = 1 ] || { echo "$cmd, $who, no $cap: $stderr" >&2; return 1; }
				missing=$(grep -o 'CAP_[A-Z_]*' <<<"$stderr" | paste -sd' ')
				case $cap:$cmd in
				bpf:trace | perfmon:trace | net_admin:* | sys_ptrace:* | sys_admin:*) want=CAP_${cap^^} ;;
				*) want="CAP_${cap^^} CAP_SYS_ADMIN" ;;
				esac
				[ "$missing" = "$want" ] || { echo "$cmd, $who, no $cap: $stderr" >&2; return 1; }
				case $who in
				root) [[ $stderr == *"--cap-add"* ]] ;;
				user) [[ $stderr == *"run it as root (sudo flowner"* ]] ;;
				esac
			done
		done
		run -4 --separate-stderr with user none "$flowner" $(words "$cmd")
		[ "$(grep -o 'CAP_[A-Z_]*' <<<"$stderr" | wc -l)" = "$(needs "$cmd" | tr , '\n' | wc -l)" ]
	done
}

@test "CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, as in the kernel; that is said" {
	for cap in bpf perfmon; do
		# shellcheck disable=SC2046
		run -0 --separate-stderr with root "$(without $cap $all)" "$FLOWNER" $(words flows)
		[[ $stderr == *"CAP_${cap^^} is missing; CAP_SYS_ADMIN, which is there, stands for it"* ]]
	done
	# And is kept for that where it would be given up.
	background with root perfmon,sys_ptrace,sys_admin "$FLOWNER" trace --netns "$client" >/dev/null 2>"$err"
	wait_for 30 grep -q 'tracing' "$err"
	[ "$(status CapEff)" = "$(printf '%016x' $((1 << ${cap_bit[sys_ptrace]} | 1 << ${cap_bit[sys_admin]})))" ]
}

@test "doctor names what is missing; echo, capture -r and help need nothing" {
	not_for_coverage
	reachable_flowner
	run -4 --separate-stderr with user none "$flowner" doctor
	[[ $stderr == *"CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN missing"* ]]
	run -4 --separate-stderr with user bpf,perfmon,net_admin,sys_admin "$flowner" doctor
	[ "$(grep -o 'CAP_[A-Z_]*' <<<"$stderr")" = CAP_SYS_PTRACE ]
	run -0 with root none "$FLOWNER" --help
	run -0 with user none "$flowner" trace --help
	background in_ns "$client" tcpdump -Z root -U -c 2 -i eth0 -w "$BATS_TEST_TMPDIR/file" icmp 2>"$err"
	tcpdump=$bg
	wait_for 20 grep -q 'listening on' "$err"
	in_ns "$client" ping -q -c 1 10.9.0.2 >/dev/null
	wait "$tcpdump"
	for who in root user; do
		with_input() { with "$who" none "$flowner" capture -r - <"$BATS_TEST_TMPDIR/file"; }
		run -0 with_input
		[[ $output == *"ICMP echo request"*"ICMP echo reply"* ]]
	done
	background in_ns "$server" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all --ambient-caps=-all \
		"$flowner" echo serve 9000
	wait_for 20 listening "$server" 9000
	in_ns "$client" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all --ambient-caps=-all \
		"$flowner" echo ping 10.9.0.2:9000 -n 3 >/dev/null
}

# ping_server: three connections
ping_server() {
	in_ns "$client" "$FLOWNER" echo ping 10.9.0.2:9000 -n 3 >/dev/null
}

# As root, and as a user that has them as ambient ones, as a file's would be.
@test "with the five, of root or of user 65534, every command works; what is poorer without others is said" {
	not_for_coverage
	reachable_flowner
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	for who in root user; do
		out=$BATS_TEST_TMPDIR/$who
		background with $who $all "$flowner" trace --netns "$client" -o json >"$out.trace" 2>"$err.trace"
		pids=("$bg")
		background with $who $all "$flowner" flows --netns "$client" -i 0.2 -o json >"$out.flows" 2>"$err.flows"
		pids+=("$bg")
		background with $who $all "$flowner" capture --netns "$client" >"$out.capture" 2>"$err.capture"
		pids+=("$bg")
		wait_for 60 grep -q '^flowner: tracing' "$err.trace"
		wait_for 60 grep -q '^flowner: watching' "$err.flows"
		wait_for 60 grep -q '^flowner: capturing' "$err.capture"
		grep -q 'CAP_DAC_READ_SEARCH is missing: containers' "$err.trace"
		grep -q 'CAP_NET_BROADCAST is missing: links' "$err.flows"
		ping_server
		three() { [ "$(jq -s 'map(select(.type=="close" and .owner.comm=="flowner" and .owner.pid)) | length' "$out.trace")" = 3 ]; }
		wait_for 20 three
		counted() { [ -n "$(jq -c 'select(.owner.comm=="flowner" and .dst.port==9000)' "$out.flows" 2>/dev/null)" ]; }
		wait_for 20 counted
		wait_for 20 grep -q '10.9.0.2.9000.*Flags \[S\]' "$out.capture"
		for pid in "${pids[@]}"; do
			stop "$pid"
		done
		run -0 with $who $all "$flowner" who --listening :9000 --netns "$server" --no-header
		[[ $output == *flowner* ]]
		run -0 with $who $all "$flowner" map --netns "$client"
		[[ $output == *eth0*10.9.0.1* ]]
	done
	# With this one root's tracefs and runtimes' files are open to the user too.
	background with user $all,dac_read_search,net_broadcast "$flowner" trace --netns "$server" -o json >"$out.trace" 2>"$err.trace"
	wait_for 60 grep -q '^flowner: tracing' "$err.trace"
	refute grep -q missing "$err.trace"
	ping_server
	accepted() { [ -n "$(jq -c 'select(.type=="accept" and .owner.comm=="flowner")' "$out.trace" 2>/dev/null)" ]; }
	wait_for 20 accepted
	stop "$bg"
}

@test "without CAP_NET_BROADCAST links of other namespaces that come and go are found all the same" {
	background with root $all "$FLOWNER" flows --netns "$client" -i 0.2 -o json >"$BATS_TEST_TMPDIR/out" 2>"$err"
	wait_for 30 grep -q 'watching' "$err"
	ip -n "$client" link add late0 type veth peer name late1
	ip -n "$client" link set late0 up
	ip -n "$client" link set late1 up
	wait_for 60 grep -q '"late[01]"' "$BATS_TEST_TMPDIR/out"
	ip -n "$client" link del late0
	# Its programs are let go of. (As often as looking through all processes is cheap: no more than 5 % of a CPU.)
	few() { [ "$(grep -l '^link_type:.*tcx' /proc/"$bg"/fdinfo/* 2>/dev/null | wc -l)" -le 2 ]; }
	wait_for 60 few
	stop "$bg"
}

@test "a namespace by pid:N without CAP_SYS_PTRACE: the line says so, exit 4" {
	reachable_flowner
	for cmd in trace flows capture map who; do
		run -4 --separate-stderr with user "$(without sys_ptrace $all)" "$flowner" $cmd --netns pid:1
		[ "$(grep -o 'CAP_[A-Z_]*' <<<"$stderr")" = CAP_SYS_PTRACE ]
	done
	run -4 --separate-stderr with user "$(without sys_ptrace $all)" "$flowner" capture --pid 1
	[ "$(grep -o 'CAP_[A-Z_]*' <<<"$stderr")" = CAP_SYS_PTRACE ]
}

# --- once it runs ---

needed=(bpf perfmon net_admin sys_admin sys_ptrace dac_read_search sys_nice)

@test "trace keeps what following processes takes" {
	trace_start --netns "$client"
	may bpf sys_ptrace dac_read_search sys_nice
	in_ns "$server" true
	trace_stop
}

@test "flows keeps what links that come take, and goes on watching them" {
	background "$FLOWNER" flows --netns "$client" -i 0.2 -o json >"$BATS_TEST_TMPDIR/out" 2>"$err"
	wait_for 20 grep -q 'watching' "$err"
	may "${needed[@]}"
	ip -n "$client" link add late0 type veth peer name late1
	ip -n "$client" link set late0 up
	ip -n "$client" link set late1 up
	wait_for 20 grep -q '"late[01]"' "$BATS_TEST_TMPDIR/out"
}

@test "capture too; with files to come it may make them" {
	background "$FLOWNER" capture --netns "$client" -w "$BATS_TEST_TMPDIR/one" 2>"$err"
	wait_for 20 grep -q 'capturing' "$err" || { cat "$err" >&2; return 1; }
	may "${needed[@]}"
	background "$FLOWNER" capture --netns "$client" -w "$BATS_TEST_TMPDIR/many" --rotate 1 2>"$err.2"
	wait_for 20 grep -q 'capturing' "$err.2"
	may "${needed[@]}" dac_override
}

@test "capture -r has nothing before it has seen the first byte" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 8<>"$BATS_TEST_TMPDIR/in"
	background "$FLOWNER" capture -r - <"$BATS_TEST_TMPDIR/in" 2>"$err" 8>&-
	wait_for 20 confined
	may
	exec 8>&-
}

@test "who and map have nothing when they print what they have found" {
	background in_ns "$server" "$FLOWNER" echo serve 9000
	wait_for 20 listening "$server" 9000
	for cmd in "who --listening --netns $server" "map --netns $client"; do
		# shellcheck disable=SC2086
		stuck_start "$FLOWNER" $cmd
		wait_for 20 confined
		may
		stuck_end
		grep -qa "10.9.0.1\|:9000" "$stuck.out"
	done
}

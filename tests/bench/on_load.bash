# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests/bench/run, inside: what a load gets done beside each tool, and without any; and what the tool takes and sees.
# The load runs without anything between any two tools, and before and behind all: a tool's rate is to be compared with
# the mean of the two beside it, and how far apart two of these are, where nothing is different, is the null: a
# difference has to exceed it to mean anything.

# CPU ticks of the tool's processes and their threads, and of children that have ended.
cpu_ticks() {
	local p
	for p in "${pids[@]}"; do
		sed 's/.*) //' "/proc/$p/stat" 2>/dev/null
	done | awk '{ n += $12 + $13 + $14 + $15 } END { print n + 0 }'
}

peak_kib() {
	local p
	for p in "${pids[@]}"; do
		cat "/proc/$p/status" 2>/dev/null
	done | awk '$1 == "VmHWM:" { n += $2 } END { print n + 0 }'
}

# with TOOL LOAD: the load's own figures, and the tool's. In a subshell, which ends where the tool does not begin.
with() (
	local packets ticks done kib
	trap '[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null' EXIT
	tool_starts "$1"
	packets=$(device_packets receiver $receiver_dev)
	ticks=$(cpu_ticks)
	done=$(load "$2" "$seconds")
	packets=$(($(device_packets receiver $receiver_dev) - packets))
	# What it has yet to work off is its work too.
	sleep 0.1
	ticks=$(($(cpu_ticks) - ticks))
	kib=$(peak_kib)
	tool_stops "$1"
	pids=()
	jq -c --argjson packets "$packets" --argjson ticks "$ticks" --argjson hz "$(getconf CLK_TCK)" --argjson kib "$kib" \
		--arg seen "$seen" --arg lost "$lost" --arg seen_unit "$seen_unit" --arg load "$2" '
		def count: if . == "" then null else tonumber end;
		.done as $done
		# Of each connection: ten changes of state, six records of trace, two ends.
		| ({packets: $packets, "packets-twice": (2 * $packets)} + (if $load == "tcp-short"
			then {connections: $done, ends: (2 * $done), changes: (10 * $done), records: (6 * $done)} else {} end)) as $made
		| . + {cpu_seconds: ($ticks / $hz), rss_peak_kib: $kib, seen: ($seen | count), lost: ($lost | count),
		       made: $made[$seen_unit]}' <<<"$done"
)

# Which of those asked for are here: "TOOL: LOAD…" lines; what is missing is said.
tools_here() {
	local t command
	for t; do
		command=$(command_of "${t%%:*}")
		if [ -n "$command" ] && ! command -v "$command" >/dev/null; then
			figure skipped what="${t%%:*}" why="$command is missing"
			continue
		fi
		[ -z "${BENCH_TOOLS:-}" ] || [[ " $BENCH_TOOLS " == *" ${t%%:*} "* ]] || continue
		echo "$t"
	done
}

# all_beside LOAD TOOL…: one object for each, and one for each pair of runs without.
all_beside() {
	local l=$1 before after t
	shift
	before=$(load "$l" "$seconds")
	for t; do
		[ ! -e "$dir/failed-$t" ] || continue
		if ! with "$t" "$l" >"$dir/with" 2>"$dir/why"; then
			touch "$dir/failed-$t"
			figure skipped what="$t" why="$(tail -n 1 "$dir/why")"
			continue
		fi
		t=$(jq -c --arg tool "$t" '. + {tool: $tool}' "$dir/with")
		after=$(load "$l" "$seconds")
		jq -cn --arg load "$l" --argjson before "$before" --argjson with "$t" --argjson after "$after" '
			def compare(rate; unit): select($with[rate]) | (($before[rate] + $after[rate]) / 2) as $bare
				| {load: $load, tool: $with.tool, unit: $with[unit], bare: $bare, with: $with[rate],
				   ratio: ($with[rate] / $bare), null: ($after[rate] / $before[rate])};
			(compare("rate"; "unit") + ($with | {cpu_seconds, rss_peak_kib, seen, lost, made})),
			compare("cpu_rate"; "cpu_unit")'
		before=$after
	done
}

mkdir -p "$dir/out"
mount -t tmpfs -o size=4g none "$dir/out"
# A virtual machine gets its memory from the host when it is first used, which takes longer than what is measured here.
head -c 2G /dev/zero >"$dir/out/fill" 2>/dev/null || true
rm -f "$dir/out/fill"
mapfile -t chosen < <(tools_here "${on_load_tools[@]}")
for ((r = 0; r < load_rounds; r++)); do
	for l in "${on_load[@]}"; do
		[[ " ${loads[*]} " == *" $l "* ]] || continue
		names=()
		for t in "${chosen[@]}"; do
			[[ " ${t#*:} " != *" $l "* ]] || names+=("${t%%:*}")
		done
		# Each time in another order: who comes first is not always the same.
		[ ${#names[@]} = 0 ] || { mapfile -t names < <(shuf -e "${names[@]}") && all_beside "$l" "${names[@]}"; }
	done
done >"$dir/rounds"

jq -cs 'def median: sort | .[length / 2 | floor];
	def sum: if all(. != null) then add else null end;
	(group_by([.load, .unit]) | map({key: "\(.[0].load) \(.[0].unit)", value: {
		null_least: (map(.null) | min), null_median: (map(.null) | median), null_most: (map(.null) | max)}}) | from_entries) as $null
	| group_by([.load, .tool, .unit])[] | {part: "on-load", load: .[0].load, tool: .[0].tool, unit: .[0].unit, rounds: length,
		bare_median: (map(.bare) | median), with_median: (map(.with) | median),
		ratio_least: (map(.ratio) | min), ratio_median: (map(.ratio) | median), ratio_most: (map(.ratio) | max)}
		+ $null["\(.[0].load) \(.[0].unit)"]
		+ if .[0].cpu_seconds != null then {cpu_seconds_median: (map(.cpu_seconds) | median), rss_peak_kib: (map(.rss_peak_kib) | max),
			made: (map(.made) | sum), seen: (map(.seen) | sum), lost: (map(.lost) | sum)} else {} end' \
	"$dir/rounds" >>"$figures"
report on-load

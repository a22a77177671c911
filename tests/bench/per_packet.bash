# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests/bench/run, inside: what one run of each program takes under real traffic, by the kernel's own clock. An empty
# program runs before and behind flowner's on the same packets of the same link.

# attach_empty NAME: on both ends of the link.
attach_empty() {
	start "$1-s" "${sender[@]}" "$tools/tcx_empty" $sender_dev
	empties+=("$1 $started")
	until_true grep -q attached "$dir/$1-s"
	start "$1-r" "${receiver[@]}" "$tools/tcx_empty" $receiver_dev
	empties+=("$1 $started")
	until_true grep -q attached "$dir/$1-r"
}

# What all programs have run so far: name, nanoseconds, runs.
program_stats() {
	local name pid ns runs
	for e in "${empties[@]}"; do
		read -r name pid <<<"$e"
		"$tools/prog_stats" "$pid" | while read -r _ ns runs; do echo "$name $ns $runs"; done
	done
	"$tools/prog_stats" "$watcher"
}

# sample LOAD: a line for each program that ran.
sample() {
	program_stats >"$dir/before"
	load "$1" $seconds >/dev/null
	program_stats >"$dir/after"
	awk -v load="$1" '
		{ sign = FILENAME ~ /before$/ ? -1 : 1; ns[$1] += sign * $2; runs[$1] += sign * $3 }
		END {
			for (p in runs)
				if (runs[p] > 1000)
					printf "{\"load\":\"%s\",\"program\":\"%s\",\"ns\":%.2f,\"runs\":%d}\n", load, p, ns[p] / runs[p], runs[p]
		}' "$dir/before" "$dir/after"
}

# The newest stands first: so one is behind flowner's programs, the other in front.
empties=()
attach_empty empty-behind
flowner_start "${devices[@]}"
attach_empty empty-in-front
for l in "${loads[@]}"; do	# the map of flows grows to what it needs
	load "$l" 1 >/dev/null
done
for ((r = 0; r < rounds; r++)); do
	for l in "${loads[@]}"; do
		sample "$l"
	done
done >"$dir/samples"
flowner_stop
for e in "${empties[@]}"; do
	end "${e#* }" TERM
done

# Both places of the empty program make one figure to compare with.
jq -cs 'def median: sort | .[length / 2 | floor];
	group_by(.load)[] | ([.[] | select(.program | startswith("empty")) | .ns] | median) as $empty
	| group_by(.program)[]
	| {part: "per-packet", load: .[0].load, program: .[0].program, rounds: length, runs: (map(.runs) | add),
	   ns_least: (map(.ns) | min), ns_median: (map(.ns) | median), empty_ns_median: $empty}' \
	"$dir/samples" >>"$figures"
report per-packet

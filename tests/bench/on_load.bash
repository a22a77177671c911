# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests/bench/run, inside: what a load gets done with flowner watching its link, and without; and what flowner takes.
# In each round the load runs three times: without, with, and without again. The two without are the null control: how
# far apart they are is what a difference has to exceed to mean anything.

# CPU ticks of a process, its threads' too.
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

peak_kib() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status"; }

# with LOAD: the load's own figures, and flowner's.
with() {
	local sent ticks done kib
	flowner_start $sender_dev
	sent=$(device_packets sender $sender_dev)
	ticks=$(cpu_ticks "$watcher")
	done=$(load "$1" $seconds)
	sent=$(($(device_packets sender $sender_dev) - sent))
	ticks=$(($(cpu_ticks "$watcher") - ticks))
	kib=$(peak_kib "$watcher")
	flowner_stop
	jq -c --argjson sent "$sent" --argjson ticks "$ticks" --argjson hz "$(getconf CLK_TCK)" --argjson kib "$kib" \
		--argjson seen "$seen" --argjson lost "$lost" \
		'. + {sent: $sent, seen: $seen, lost: $lost, cpu_seconds: ($ticks / $hz), rss_peak_kib: $kib}' <<<"$done"
}

# round LOAD: an object for each way to measure it.
round() {
	jq -cn --arg load "$1" --argjson before "$(load "$1" $seconds)" --argjson with "$(with "$1")" \
		--argjson after "$(load "$1" $seconds)" '
		def compare(rate; unit): select($with[rate]) | (($before[rate] + $after[rate]) / 2) as $bare
			| {load: $load, unit: $with[unit], bare: $bare, with: $with[rate], ratio: ($with[rate] / $bare),
			   null: ($after[rate] / $before[rate])};
		(compare("rate"; "unit") + ($with | {sent, seen, lost, cpu_seconds, rss_peak_kib})), compare("cpu_rate"; "cpu_unit")'
}

for ((r = 0; r < rounds; r++)); do
	for l in "${loads[@]}"; do
		round "$l"
	done
done >"$dir/rounds"

jq -cs 'def median: sort | .[length / 2 | floor];
	group_by([.load, .unit])[] | {part: "on-load", load: .[0].load, unit: .[0].unit, rounds: length,
		bare_median: (map(.bare) | median), with_median: (map(.with) | median),
		ratio_least: (map(.ratio) | min), ratio_median: (map(.ratio) | median), ratio_most: (map(.ratio) | max),
		null_least: (map(.null) | min), null_median: (map(.null) | median), null_most: (map(.null) | max)}
		+ if .[0].sent then {sent: (map(.sent) | add), seen: (map(.seen) | add), lost: (map(.lost) | add),
			cpu_seconds_median: (map(.cpu_seconds) | median), rss_peak_kib: (map(.rss_peak_kib) | max)} else {} end' \
	"$dir/rounds" >>"$figures"
"$here/report" on-load <"$figures"

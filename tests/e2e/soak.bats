#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `make soak` in little, so that it works when it is wanted; and what it calls growing.

load lib.bash
load overload_lib.bash

setup() {
	soak=$BATS_TEST_DIRNAME/../soak
}

# series EXPRESSION: 200 samples of it, of x.
series() {
	awk "BEGIN { srand(1); for (x = 1; x <= 200; x++) print x * 3, ($1) }"
}

@test "what goes on growing is found, and peaks, steps and noise are not taken for it" {
	refute "$soak/trend.py" 50 < <(series '1000 + x')
	refute "$soak/trend.py" 50 < <(series '1000 + x / 2 + (rand() - 0.5) * 300')
	# Now and again a page more, and never one less.
	refute "$soak/trend.py" 50 < <(series '1000 + int(x / 20) * 12')
	"$soak/trend.py" 50 < <(series '1000')
	"$soak/trend.py" 50 < <(series '1000 + (rand() - 0.5) * 300')
	"$soak/trend.py" 50 < <(series 'x > 195 ? 9000 : 1000')
	"$soak/trend.py" 50 < <(series 'x % 10 ? 1000 : 3000')
	"$soak/trend.py" 50 < <(series '2000 - x')
}

# bats test_tags=slow
@test "a minute of it: nothing grows, nothing is left behind" {
	plain_build
	SOAK_SECONDS=60 run timeout 240 "$soak/run" "$(dirname "$plain")" 3>&-
	echo "$output"
	[ "$status" = 0 ]
	[[ ${lines[-1]} =~ ^[0-9]+' passed, 0 failed, '[01]' skipped'$ ]]
	[[ $output == *"namespaces and veth pairs"* ]]
	[[ $output == *"trace "*"VmRSS KiB"* ]]
}

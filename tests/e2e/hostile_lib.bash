# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests with names, files and an environment that mean no good.

hostile=$BATS_TEST_DIRNAME/hostile.py

# hostile NETNS ARGS…: hostile.py there; its truth in $truth.
hostile_in() {
	truth=$BATS_TEST_TMPDIR/truth.$RANDOM
	in_ns "$1" python3 "$hostile" "${@:2}" >"$truth" 3>&-
}

# hold NETNS ARGS…: the same in the background, until let_go; returns when it is ready. NETNS "": here.
hold() {
	truth=$BATS_TEST_TMPDIR/truth.$RANDOM
	if [ -n "$1" ]; then
		background in_ns "$1" python3 "$hostile" "${@:2}" >"$truth"
	else
		background python3 "$hostile" "${@:2}" >"$truth"
	fi
	holder=$bg
	wait_for "${patience:-60}" held || { cat "$truth" >&2; return 1; }
}

held() {
	grep -q '^ready' "$truth"
}

let_go() {
	stop "$holder" TERM
}

# tame FILE…: valid UTF-8 in lines, in which nothing is a control character (C0, DEL, C1) or turns the text round.
tame() {
	local f
	for f; do
		iconv -f UTF-8 -t UTF-8 "$f" >/dev/null || { echo "$f is no UTF-8" >&2; return 1; }
		if LC_ALL=C grep -nP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf' "$f" | cat -v >&2; [ "${PIPESTATUS[0]}" = 0 ]; then
			return 1
		fi
	done
}

# json_lines FILE…: each line an object.
json_lines() {
	local f
	for f; do
		jq -e 'type == "object"' "$f" >/dev/null || { cat -v "$f" | tail -n3 >&2; return 1; }
	done
}

# the_text FIELD…: of JSON lines on stdin, in hex, as they were before they were escaped.
the_text() {
	python3 "$hostile" text "$@"
}

# one_line TEXT: a line, ours.
one_line() {
	[ "$(wc -l <<<"$1")" = 1 ] && [[ $1 == "flowner: "* ]] || { echo "not one line of ours: $1" >&2; return 1; }
}

# serve NETNS PORT
serve_in() {
	background in_ns "$1" "$FLOWNER" echo serve "$2"
	wait_for 20 listening "$1" "$2"
}

# no_sanitizer FILE…: neither ASan nor UBSan had anything to say.
no_sanitizer() {
	refute grep -aE 'ERROR: [A-Za-z]*Sanitizer|runtime error:|DEADLYSIGNAL' "$@"
}

# sanitized: is the flowner under test one with AddressSanitizer? It wants terabytes of addresses.
sanitized() {
	grep -qa __asan_init "$FLOWNER"
}

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Does it grow? A line through all samples, not a look at the last one.

usage: trend.py NOISE < SAMPLES      "SECONDS VALUE" a line; prints the growth over them, exits with 1 if that is beyond NOISE

The line is Theil's and Sen's: its slope is the median of the slopes of all pairs of samples, so neither a peak nor a step
at one of the ends makes it, while anything that goes on does.
"""
import statistics
import sys


def slope(samples):
    """Of [(seconds, value), …], per second."""
    slopes = [(v2 - v1) / (t2 - t1)
              for i, (t1, v1) in enumerate(samples) for t2, v2 in samples[i + 1:] if t2 > t1]
    return statistics.median(slopes) if slopes else 0.0


def growth(samples):
    """What the line says was added from the first sample to the last."""
    return slope(samples) * (samples[-1][0] - samples[0][0])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = [tuple(map(float, line.split())) for line in sys.stdin]
    if len(found) < 3:
        sys.exit("trend.py: no line can be put through fewer than three samples")
    grown = growth(found)
    print(f"{grown:+.1f}")
    sys.exit(grown > float(sys.argv[1]))

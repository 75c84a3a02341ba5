#!/bin/sh
# Recursion alone, at two levels of optimisation.
. "$(dirname "$0")/common.sh"
for level in -O2 -O3; do
	mkdir -p "$work/fib$level"
	(
		cd "$work/fib$level"
		cp "$root/bench/fib.c" .
		gcc $level fib.c -o plain
		"$bin/upstare-cc" $level fib.c -o default
		UPSTARE_POINTS=all "$bin/upstare-cc" $level fib.c -o all
	)
	echo "fib $level, alternating, $rounds rounds"
	"$work/alternate" "$rounds" "plain gcc" "$work/fib$level/plain" "upstare-cc" "$work/fib$level/default" \
		"upstare-cc, UPSTARE_POINTS=all" "$work/fib$level/all"
	for stage in plain default all; do
		printf '%s\t%s\n' "$stage" "$(instructions "$work/fib$level/$stage" 24)"
	done | count_table
	echo
done

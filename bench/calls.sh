#!/bin/sh
# What a blocking call costs in a program of upstare-cc against a plain one: the least CPU time of some rounds, alternating, on one
# processor, so that a switch between two threads is part of it and chance is not. Both ways to wake a thread for an update.
. "$(dirname "$0")/common.sh"
mkdir -p "$work/calls"
cp "$root/bench/calls.c" "$work/calls"
(cd "$work/calls" && gcc -O2 -pthread calls.c -o plain && "$bin/upstare-cc" -O2 -pthread calls.c -o ours)
rounds=${BENCH_ROUNDS:-15}
printf '%-12s %12s %12s %8s %12s %8s\n' "ns per round" plain kick ratio self-pipe ratio
for row in ${BENCH_CALLS:-socketpair:100000 pipe:100000 mutex:5000000 contended:2000000 condition:100000 semaphore:100000 poll:500000 rwlock:5000000}; do
	kind=${row%:*} n=${row#*:} i=0
	: >"$work/plain.ns"
	: >"$work/kick.ns"
	: >"$work/self-pipe.ns"
	while [ $i -lt "$rounds" ]; do
		taskset -c 0 "$work/calls/plain" "$kind" "$n" >>"$work/plain.ns"
		for way in kick self-pipe; do
			UPSTARE_BLOCKING=$way taskset -c 0 "$work/calls/ours" "$kind" "$n" >>"$work/$way.ns"
		done
		i=$((i + 1))
	done
	plain=$(sort -n "$work/plain.ns" | head -n 1)
	ours=$(sort -n "$work/kick.ns" | head -n 1)
	pipe=$(sort -n "$work/self-pipe.ns" | head -n 1)
	awk -v k="$kind" -v p="$plain" -v o="$ours" -v s="$pipe" \
		'BEGIN { printf "%-12s %12.1f %12.1f %8.3f %12.1f %8.3f\n", k, p, o, o / p, s, s / p }'
done

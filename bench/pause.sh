#!/bin/sh
# How long a program stands still for an update, with the parts of it: 1 to 200 threads, several hundred updates each.
. "$(dirname "$0")/common.sh"
updates=${BENCH_UPDATES:-300}
build_versions pause -pthread

for threads in ${BENCH_THREADS:-1 4 64 200}; do
	update_often pause "$threads" "$updates"
	echo "Pause with $threads thread(s), $updates updates, microseconds (prepare: the program still runs)"
	printf '%-14s %10s %10s %10s %10s\n' "" best p50 p99 max
	for part in prepare park unroll transform reconstruct total; do
		printf '%-14s %s\n' "$part" "$(part_of_pause "$part")"
	done
	echo
done

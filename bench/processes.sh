#!/bin/sh
# How long all processes of a program stand still for an update, from the first that is parked to the last that goes on: 1, 10
# and 50 of them; and what a fork costs.
. "$(dirname "$0")/common.sh"
updates=${BENCH_UPDATES:-60}
build_versions processes

for processes in 1 10 50; do
	update_often processes "$processes" "$updates"
	echo "Pause of $processes process(es), $updates updates, microseconds (prepare: the program still runs)"
	printf '%-14s %10s %10s %10s %10s\n' "" best p50 p99 max
	for part in prepare total; do
		printf '%-14s %s\n' "$part" "$(part_of_pause "$part")"
	done
	echo
done

echo "fork, _exit and wait, microseconds, best of $rounds rounds"
gcc -O2 "$root/bench/forks.c" -o "$work/forks-gcc"
cp "$root/bench/forks.c" "$work/forks.c"
(cd "$work" && "$bin/upstare-cc" -O2 forks.c -o forks-upstare)
for compiler in gcc upstare; do
	i=0
	: >"$work/forks.$compiler"
	while [ $i -lt "$rounds" ]; do
		"$work/forks-$compiler" 1000 >>"$work/forks.$compiler"
		i=$((i + 1))
	done
	echo "$compiler $(cut -d ' ' -f 1 "$work/forks.$compiler" | sort -n | head -n 1) elapsed," \
		"$(cut -d ' ' -f 2 "$work/forks.$compiler" | sort -n | head -n 1) of CPU," \
		"$(cut -d ' ' -f 3 "$work/forks.$compiler" | sort -n | head -n 1) page faults"
done

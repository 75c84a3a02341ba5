#!/bin/sh
# How long a program stands still for an update, with the parts of it: 1 and 4 threads, several hundred updates each.
. "$(dirname "$0")/common.sh"
updates=${BENCH_UPDATES:-300}
parts="prepare park unroll transform reconstruct total"
for v in 1 2; do
	mkdir -p "$work/pause$v"
	(cd "$work/pause$v" && cp "$root/bench/pause.c" . && "$bin/upstare-cc" -O2 -pthread -DVERSION=$v pause.c -o pause)
done
"$bin/upstare-patch" "$work/pause1/pause" "$work/pause2/pause" -o "$work/forth.so" >/dev/null
"$bin/upstare-patch" "$work/pause2/pause" "$work/pause1/pause" -o "$work/back.so" >/dev/null

for threads in 1 4; do
	rm -f "$work/input"
	mkfifo "$work/input"
	"$work/pause1/pause" "$threads" <"$work/input" &
	program=$!
	exec 3>"$work/input"
	sleep 0.3
	: >"$work/answers"
	i=0
	while [ $i -lt "$updates" ]; do
		if [ $((i % 2)) = 0 ]; then patch=forth; else patch=back; fi
		"$bin/upstare-ctl" $program apply "$work/$patch.so" --json >>"$work/answers" || {
			tail -n 3 "$work/answers" >&2
			kill $program
			exit 1
		}
		echo >>"$work/answers"
		i=$((i + 1))
	done
	exec 3>&-
	wait $program
	echo "Pause with $threads thread(s), $updates updates, microseconds (prepare: the program still runs)"
	printf '%-14s %10s %10s %10s %10s\n' "" best p50 p99 max
	for part in $parts; do
		sed -n "s/.*\"$part\": *\([0-9.]*\).*/\1/p" "$work/answers" | sort -n | awk -v part="$part" '
			{ v[NR] = $1 }
			END { high = int(NR * 0.99); if (!high) high = 1; if (NR) printf "%-14s %10.1f %10.1f %10.1f %10.1f\n", part, v[1], v[int((NR + 1) / 2)], v[high], v[NR] }'
	done
	echo
done

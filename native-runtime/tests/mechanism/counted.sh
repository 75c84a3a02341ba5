#!/bin/sh
# Runs counted plainly and with updates at chosen points; the output and the status must be the same, the updates must happen.
# counted.sh DIRECTORY EXPRESSION-FOR-STATISTICS [VARIABLE=VALUE...] -- [ARGUMENTS]
dir=$1
least=$2
shift 2
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
settings=
while [ "$1" != -- ]; do
	settings="$settings $1"
	shift
done
shift
status=0
"$dir/counted" >"$work/plain" || status=$?
head -c 4096 /dev/zero >"$work/stats"
updated=0
env $settings UPSTARE_LOG_RUNTIME="$work/log" UPSTARE_RUN_STATS="$work/stats" \
	UPSTARE_RUN_PATCHES="$dir/libcounted-forth.so:$dir/libcounted-back.so" "$dir/counted" "$@" >"$work/out" || updated=$?
od -A n -t d8 -N 24 "$work/stats"
cat "$work/log" 2>/dev/null | sort | uniq -c | sort -rn | head -5
cmp "$work/plain" "$work/out"
[ "$status" = "$updated" ] || { echo "status $status, updated $updated"; exit 1; }
set -- $(od -A n -t d8 -N 24 "$work/stats")
[ "$1" -ge "$least" ] || { echo "only $1 updates"; exit 1; }

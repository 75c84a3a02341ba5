#!/bin/sh
# Programs that csmith makes up: the same checksum plainly, instrumented, and with updates at random points.
# usage: csmith.sh [FIRST [COUNT]]: the programs of the seeds FIRST (default 1), FIRST+1, ...; COUNT of them (default 1000).
# A seed is all that it takes to make a program and its updates again. The levels take turns: seed N has -O(N mod 4).
# CSMITH_OPTIONS are further options of csmith ("--float --builtins"); CSMITH_CLEANUP=yes gives the programs' variables an attribute cleanup
# (cleanup.sed). The environment is that of run.sh. Failed programs stay in out/torture-csmith/cases/N.c, their sources in
# out/torture-csmith/sources.
here=$(cd "${0%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
command -v csmith >/dev/null || {
	echo "csmith.sh needs csmith and its headers (Debian: csmith, libcsmith-dev)" >&2
	exit 1
}
export TORTURE_TIMEOUT="${TORTURE_TIMEOUT:-10}" TORTURE_UPDATES="${TORTURE_UPDATES:-300}" TORTURE_POINTS="${TORTURE_POINTS:-all}"
export TORTURE_BIN="$root/out/bin" TORTURE_WORK="${TORTURE_WORK:-$root/out/torture-csmith}"
rm -rf "$TORTURE_WORK"
mkdir -p "$TORTURE_WORK/results" "$TORTURE_WORK/sources"

start=$(date +%s)
# Small ones: many small programs find more than one that keeps gcc busy for a minute.
# shellcheck disable=SC2016
seq "${1:-1}" $((${1:-1} + ${2:-1000} - 1)) | nice -n 5 xargs -P "${TORTURE_JOBS:-2}" -I SEED sh -c '
	# It leaves a file in the folder that it is started in.
	cd "$TORTURE_WORK/sources"
	csmith --quiet --concise --max-funcs 5 --max-block-depth 3 --max-block-size 3 $CSMITH_OPTIONS --seed SEED |
		if [ "$CSMITH_CLEANUP" = yes ]; then sed -E -f "$1/cleanup.sed"; else cat; fi >"$TORTURE_WORK/sources/SEED.c"
	TORTURE_OPT="-O$((SEED % 4)) -I/usr/include/csmith" TORTURE_RANDOM=SEED sh "$1/case.sh" "$TORTURE_WORK/sources/SEED.c"
	[ -d "$TORTURE_WORK/cases/SEED.c" ] || rm -f "$TORTURE_WORK/sources/SEED.c"' sh "$here"
sh "$here/table.sh" "$TORTURE_WORK/results" "csmith, seeds from ${1:-1}, points: $TORTURE_POINTS, $(($(date +%s) - start)) s"

#!/bin/sh
# gcc's torture tests, each compiled plainly and with upstare-cc and run both ways, then with updates to itself while it runs.
# usage: run.sh [NAME...]: only the cases of these names (20000112-1, ieee/rbug).
#   TORTURE_OPT="-O3 -g"     options (default -O2)
#   TORTURE_POINTS=default   update points as in a program that is made to be fast (default all: each function and loop has one)
#   TORTURE_UPDATES=2000     how many updates at most in a case's run, spread over its update points; 0: none
#   TORTURE_SETS="execute ieee builtins"  TORTURE_EVERY=20 (only each 20th case)
#   TORTURE_JOBS=2  TORTURE_TIMEOUT=10 (seconds)
# Failed cases leave their files in out/torture/cases.
here=$(cd "${0%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
suite=$(sh "$here/fetch.sh" "$root/out/sources") || exit 1
export TORTURE_OPT="${TORTURE_OPT:--O2}" TORTURE_TIMEOUT="${TORTURE_TIMEOUT:-10}" TORTURE_UPDATES="${TORTURE_UPDATES:-2000}"
export TORTURE_POINTS="${TORTURE_POINTS:-all}" TORTURE_BIN="$root/out/bin" TORTURE_WORK="${TORTURE_WORK:-$root/out/torture}"
rm -rf "$TORTURE_WORK"
mkdir -p "$TORTURE_WORK/results"

cases() {
	if [ $# != 0 ]; then
		for name; do echo "$suite/${name%.c}.c"; done
		return
	fi
	for set in ${TORTURE_SETS:-execute ieee builtins}; do
		case $set in
		execute) ls "$suite"/*.c ;;
		# A case of builtins is a source with its library beside it.
		builtins) ls "$suite"/builtins/*-lib.c | sed 's/-lib\.c$/.c/' ;;
		*) ls "$suite/$set"/*.c ;;
		esac
	done | awk "NR % ${TORTURE_EVERY:-1} == 0"
}

start=$(date +%s)
cases "$@" | nice -n 5 xargs -P "${TORTURE_JOBS:-2}" -n 1 sh "$here/case.sh"
sh "$here/table.sh" "$TORTURE_WORK/results" "gcc torture, $TORTURE_OPT, points: $TORTURE_POINTS, $(($(date +%s) - start)) s"

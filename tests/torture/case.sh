#!/bin/sh
# One case: compiled plainly and with upstare-cc, run both ways, compared. Leaves its verdict in RESULTS/NAME:
#   verdict <tab> detail; further lines: "functions N", "pinned REASON", "plain REASON".
# Verdicts: skip (plain gcc does not pass it), pass, compile, link-plain, wrong, crash, timeout, output, patch, update.
# usage: case.sh SOURCE; the environment says TORTURE_OPT, TORTURE_BIN, TORTURE_WORK, TORTURE_TIMEOUT, TORTURE_UPDATE.
. "${0%/*}/options.sh"
source=$1
name=$(echo "${source##*/execute/}" | tr / _)
results=$TORTURE_WORK/results
work=$TORTURE_WORK/cases/$name
rm -rf "$work"
mkdir -p "$work" "$results"
options="$TORTURE_OPT $(case_options "$source")-w"
sources=$(case_sources "$source")

# The verdict $1 with detail $2; what a failed case leaves stays for whoever looks for the reason.
verdict() {
	printf '%s\t%s\n' "$1" "$2" >"$work/result"
	[ ! -f "$work/facts" ] || cat "$work/facts" >>"$work/result"
	mv "$work/result" "$results/$name"
	case $1 in pass | skip) rm -rf "$work" ;; esac
	exit 0
}

# Runs $2.. with its output in $1, a bound on its time and its end's reason in $ended.
run() {
	out=$1
	shift
	timeout -k 1 "$TORTURE_TIMEOUT" "$@" >"$out" 2>"$out.err" </dev/null
	status=$?
}

cd "$work" || exit 1
# shellcheck disable=SC2086
gcc $options -o plain $sources -lm >plain.log 2>&1 || verdict skip "gcc does not compile it"
run plain.out ./plain
[ "$status" = 0 ] || verdict skip "plain: exit status $status"

# shellcheck disable=SC2086
UPSTARE_LOG=$work/log "$TORTURE_BIN/upstare-cc" $options -o program $sources -lm >compile.log 2>&1 ||
	verdict compile "$(grep -m 1 -E 'error|undefined|Unhandled' compile.log || head -1 compile.log)"
"$TORTURE_BIN/upstare-cc" --report program >report 2>&1
{
	sed -n 's/^\([0-9]*\) functions, .*/functions \1/p' report
	# "  f (file.c:2): variable-length array at file.c:2"
	sed -n '/^pinned/,/^$/s/^  [^ ]* ([^)]*): \(.*\)/pinned \1/p' report | sed 's/ at [^ ]*:[0-9]*$//'
	[ ! -f log ] || sed 's/^[^:]*: /plain /' log
} >facts

run out ./program
case $status in
0)
	cmp -s plain.out out || {
		# Addresses differ from run to run.
		run again.out ./plain
		cmp -s plain.out again.out && verdict output "standard output differs"
	}
	;;
124 | 137) verdict timeout "not over after $TORTURE_TIMEOUT s" ;;
134) verdict wrong "abort" ;;
13[0-9]) verdict crash "signal $((status - 128))" ;;
*) verdict wrong "exit status $status" ;;
esac
verdict pass ""

#!/bin/sh
# One case: compiled plainly and with upstare-cc, run both ways, then run with updates to itself. Leaves its verdict in RESULTS/NAME:
#   verdict <tab> detail; further lines: "functions N", "pinned REASON", "plain REASON", "updates APPLIED REFUSED POINTS".
# Verdicts: skip (plain gcc does not pass it), pass, compile, wrong, crash, timeout, output, patch;
#   update-wrong, update-crash, update-timeout, update-output: with updates only.
# usage: case.sh SOURCE; the environment is run.sh's. With TORTURE_RANDOM=SEED the updates come at random points.
. "${0%/*}/options.sh"
source=$1
name=$(case_name "$source")
results=$TORTURE_WORK/results
work=$TORTURE_WORK/cases/$name
rm -rf "$work"
mkdir -p "$work" "$results"
options="$TORTURE_OPT $(case_options "$source")-w"
case $source in
# These define library functions that abort whoever calls them, be it the runtime.
*/execute/builtins/*) TORTURE_POINTS=default TORTURE_UPDATES=0 ;;
esac
sources=$(case_sources "$source")

# The verdict $1 with detail $2; what a failed case leaves stays for whoever looks for the reason.
verdict() {
	printf '%s\t%s\n' "$1" "$2" >"$work/result"
	[ ! -f "$work/facts" ] || cat "$work/facts" >>"$work/result"
	mv "$work/result" "$results/$name"
	case $1 in pass | skip) rm -rf "$work" ;; esac
	exit 0
}

# Runs $2.. with its output in $1 and a bound on its time.
run() {
	out=$1
	shift
	timeout -k 1 "$TORTURE_TIMEOUT" "$@" >"$out" 2>"$out.err" </dev/null
	status=$?
}

# What became of the run whose output is $1; the verdict's name begins with $2.
compare() {
	case $status in
	0)
		cmp -s plain.out "$1" && return
		# Addresses differ from run to run.
		run again.out ./plain
		! cmp -s plain.out again.out || verdict "$2output" "standard output differs"
		;;
	124 | 137) verdict "$2timeout" "not over after $TORTURE_TIMEOUT s" ;;
	134) verdict "$2wrong" "abort" ;;
	13[0-9]) verdict "$2crash" "signal $((status - 128))" ;;
	*) verdict "$2wrong" "exit status $status" ;;
	esac
}

# As upstare-run does it, without the tool's own start: output to $1, $2.. say when. Sets applied, refused, points.
run_updated() {
	output=$1
	shift
	head -c 24 /dev/zero >stats
	run "$output" env UPSTARE_RUN_PATCHES="$work/patch.so" UPSTARE_RUN_STATS="$work/stats" "$@" ./program
	# shellcheck disable=SC2046
	set -- $(od -An -v -t u8 stats)
	applied=$1 refused=$2 points=$3
}

cd "$work" || exit 1
# shellcheck disable=SC2086
gcc $options -o plain $sources -lm >plain.log 2>&1 || verdict skip "gcc does not compile it"
run plain.out ./plain
[ "$status" = 0 ] || verdict skip "plain: exit status $status"

# shellcheck disable=SC2086
UPSTARE_POINTS=$TORTURE_POINTS UPSTARE_LOG=$work/log "$TORTURE_BIN/upstare-cc" $options -o program $sources -lm >compile.log 2>&1 ||
	verdict compile "$(grep -m 1 -E 'error|undefined|Unhandled' compile.log || head -1 compile.log)"
"$TORTURE_BIN/upstare-cc" --report program >report 2>&1
{
	sed -n 's/^\([0-9]*\) functions, .*/functions \1/p' report
	# "  f (file.c:2): variable-length array at file.c:2"
	sed -n '/^pinned/,/^$/s/^  [^ ]* ([^)]*): \(.*\)/pinned \1/p' report | sed 's/ at [^ ]*:[0-9]*$//'
	[ ! -f log ] || sed 's/^[^:]*: /plain /' log
} >facts
run out ./program
compare out ""

[ "$TORTURE_UPDATES" != 0 ] && ! grep -q '^functions 0$' facts || verdict pass ""
"$TORTURE_BIN/upstare-patch" program program -o patch.so >patch.log 2>&1 || verdict patch "$(tail -1 patch.log)"
run_updated counted.out UPSTARE_RUN_AT=9000000000000000000
compare counted.out update-
distance=$((points / TORTURE_UPDATES + 1))
if [ -n "$TORTURE_RANDOM" ]; then
	run_updated updated.out "UPSTARE_RUN_RANDOM=$TORTURE_RANDOM" "UPSTARE_RUN_MEAN=$distance"
else
	run_updated updated.out "UPSTARE_RUN_EVERY=$distance"
fi
echo "updates $applied $refused $points" >>facts
compare updated.out update-
verdict pass ""

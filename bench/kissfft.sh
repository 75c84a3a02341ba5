#!/bin/sh
# KissFFT's own benchmark at 20,000 points, in stages: what each part of the transformation costs.
. "$(dirname "$0")/common.sh"
points=20000
repeat=${BENCH_FFTS:-2500}

build() { # NAME COMPILER ENVIRONMENT...
	name=$1
	compiler=$2
	shift 2
	unpack kissfft "kissfft-$name" || return 1
	env "$@" make -s -C "$work/kissfft-$name" CC="$compiler" KISSFFT_STATIC=1 KISSFFT_TOOLS=0 KISSFFT_DATATYPE=float all >"$work/kissfft-$name.log" 2>&1
	env "$@" make -s -C "$work/kissfft-$name/test" CC="$compiler" KISSFFT_STATIC=1 KISSFFT_DATATYPE=float TYPEFLAGS=-Dkiss_fft_scalar=float \
		KISSFFTLIB_SHORTNAME=kissfft-float ABS_LIBDIR=. bm-kiss-float >>"$work/kissfft-$name.log" 2>&1 || {
		cat "$work/kissfft-$name.log" >&2
		exit 1
	}
}
program() { echo "$work/kissfft-$1/test/bm-kiss-float"; }

build plain gcc A=1 || { echo "KissFFT: left out, its sources cannot be fetched from the registry"; exit 0; }
build disabled "$bin/upstare-cc" UPSTARE_DISABLE=1
build nochecks "$bin/upstare-cc" UPSTARE_CHECKS=none
build default "$bin/upstare-cc" A=1
build all "$bin/upstare-cc" UPSTARE_POINTS=all

echo "KissFFT, $points points, $repeat transforms, alternating, $rounds rounds"
"$work/alternate" "$rounds" \
	"plain gcc" "$(program plain) -n $points -x $repeat" \
	"upstare-cc, UPSTARE_DISABLE=1" "$(program disabled) -n $points -x $repeat" \
	"transformed, without checks" "$(program nochecks) -n $points -x $repeat" \
	"transformed, runtime off" "UPSTARE=off exec $(program default) -n $points -x $repeat" \
	"everything" "$(program default) -n $points -x $repeat" \
	"everything, UPSTARE_POINTS=all (the paper's)" "$(program all) -n $points -x $repeat"
echo
for stage in plain disabled nochecks default all; do
	printf '%s\t%s\n' "$stage" "$(instructions "$(program $stage)" -n $points -x 20)"
done | count_table

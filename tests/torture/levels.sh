#!/bin/sh
# gcc's tests (run.sh) at three levels with a point in each function and loop, and once more with the points of a usual build.
here=${0%/*}
failed=0
for level in -O2 -O0 -O3; do
	TORTURE_OPT=$level sh "$here/run.sh" || failed=1
done
TORTURE_OPT=-O2 TORTURE_POINTS=default sh "$here/run.sh" || failed=1
exit $failed

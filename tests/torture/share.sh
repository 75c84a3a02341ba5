#!/bin/sh
# The share of make test, a minute or so: each 100th of gcc's tests, and ten programs of csmith. Prints the two tables. What cannot be
# had here (gcc's sources, csmith) is told of and left out.
here=$(cd "${0%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
failed=0
if sh "$here/fetch.sh" "$root/out/sources" >/dev/null; then
	TORTURE_EVERY=100 TORTURE_WORK=$root/out/torture-share sh "$here/run.sh" || failed=1
fi
if sh "$root/tools/deps.sh" csmith:csmith /usr/include/csmith/csmith.h:libcsmith-dev; then
	TORTURE_WORK=$root/out/torture-share-csmith sh "$here/csmith.sh" 1 10 || failed=1
fi
exit $failed

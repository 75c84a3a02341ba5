#!/bin/sh
# Prints the folder that holds gcc's torture tests, fetching them from the distribution when they are not there yet.
# Of the source package only gcc.c-torture/execute is kept (below out/sources, which is never committed).
set -e
store=$1
version=${TORTURE_GCC:-12}
found() { ls -d "$store"/gcc-torture/gcc-"$version"*/gcc/testsuite/gcc.c-torture/execute 2>/dev/null | head -1; }

if [ -z "$(found)" ]; then
	mkdir -p "$store/gcc-torture"
	source=$(sh "${0%/*}/../../tools/source.sh" "$store" "gcc-$version")
	# A tarball in a tarball.
	tar xzOf "$source" --wildcards "*/gcc-$version*.tar.xz" | tar xJf - -C "$store/gcc-torture" --wildcards '*/gcc/testsuite/gcc.c-torture/execute'
	rm -f "$store/gcc-${version}_"*
fi
found

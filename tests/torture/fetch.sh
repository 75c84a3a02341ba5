#!/bin/sh
# Prints the folder that holds gcc's torture tests, fetching them from the distribution when they are not there yet.
# Of the source package only gcc.c-torture/execute is kept (below out/sources, which is never committed).
set -e
store=$1
version=${TORTURE_GCC:-12}
found() { ls -d "$store"/gcc-torture/gcc-"$version"*/gcc/testsuite/gcc.c-torture/execute 2>/dev/null | head -1; }

if [ -z "$(found)" ]; then
	mkdir -p "$store/gcc-torture"
	cd "$store/gcc-torture"
	apt-get source --download-only "gcc-$version" >fetch.log 2>&1 || {
		cat fetch.log >&2
		echo "the sources of gcc-$version cannot be fetched: is there a deb-src line for apt?" >&2
		exit 1
	}
	# A tarball in a tarball.
	tar xzOf "gcc-${version}_"*.orig.tar.gz --wildcards "*/gcc-$version*.tar.xz" |
		tar xJf - --wildcards '*/gcc/testsuite/gcc.c-torture/execute'
	rm -f "gcc-${version}_"*
	cd - >/dev/null
fi
found

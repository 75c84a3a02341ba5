#!/bin/sh
# What a build takes: redis (many files, make -j2) and SQLite's amalgamation (250,000 lines in one file).
. "$(dirname "$0")/common.sh"
rounds=${BENCH_ROUNDS:-2}

if unpack redis redis-build; then
	clean="make -s -C $work/redis-build distclean"
	make="make -s -j2 -C $work/redis-build MALLOC=libc USE_SYSTEMD=no"
	echo "Build of redis (make -j2), wall time, $rounds rounds"
	"$work/alternate" "$rounds" \
		"gcc" "$clean >/dev/null 2>&1; $make >/dev/null 2>&1" \
		"upstare-cc" "$clean >/dev/null 2>&1; $make CC=$bin/upstare-cc >/dev/null 2>&1"
	echo
else
	echo "redis: left out, its sources cannot be fetched from the registry"
fi

if ! command -v tclsh >/dev/null 2>&1; then
	echo "SQLite: left out, its amalgamation is made by tclsh (Debian package tcl)"
elif unpack sqlite3 sqlite-build && (cd "$work/sqlite-build" && ./configure --disable-tcl && make sqlite3.c) >"$work/sqlite-build.log" 2>&1; then
	echo "sqlite3.c at -O2, wall time, $rounds rounds"
	"$work/alternate" "$rounds" \
		"gcc" "cd $work/sqlite-build && gcc -O2 -c sqlite3.c -o plain.o" \
		"upstare-cc" "cd $work/sqlite-build && $bin/upstare-cc -O2 -c sqlite3.c -o ours.o"
else
	echo "SQLite: left out, its sources cannot be fetched from the registry or made"
fi

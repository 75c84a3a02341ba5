# Sourced by the benchmarks: where things are, and what they share.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${UPSTARE_BIN:-$root/out/bin}
work=$root/out/bench
sources=$root/out/sources
rounds=${BENCH_ROUNDS:-9}
mkdir -p "$work" "$sources"
[ "$work/alternate" -nt "$root/bench/alternate.c" ] || gcc -O2 -Wall -Wextra -Werror "$root/bench/alternate.c" -o "$work/alternate"

# The original sources of a Debian package, unpacked into $work/$2; fails where they cannot be had.
unpack() {
	archive=$(ls "$sources/$1"_*.orig.tar.?z 2>/dev/null | head -n 1)
	if [ -z "$archive" ]; then
		(cd "$sources" && apt-get source --download-only "$1" >/dev/null 2>&1) || :
		archive=$(ls "$sources/$1"_*.orig.tar.?z 2>/dev/null | head -n 1)
	fi
	[ -n "$archive" ] || return 1
	rm -rf "${work:?}/$2"
	mkdir -p "$work/$2"
	tar xf "$archive" -C "$work/$2" --strip-components=1
}

# Instructions that a command executes, in millions, under callgrind.
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null | sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' | tail -n 1
}

# Rows of "NAME<tab>COUNT" to a table with ratios to the first.
count_table() {
	awk -F '\t' 'NR == 1 { first = $2 } { printf "%-44s %12.3f million instructions %7.3f\n", $1, $2 / 1e6, first ? $2 / first : 0 }'
}

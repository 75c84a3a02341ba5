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
	archive=$(sh "$root/tools/source.sh" "$sources" "$1") || return 1
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

# A program with two versions (-DVERSION) and its patches forth and back: build_versions NAME FLAGS...
build_versions() {
	name=$1
	shift
	for v in 1 2; do
		mkdir -p "$work/$name$v"
		(cd "$work/$name$v" && cp "$root/bench/$name.c" . && "$bin/upstare-cc" -O2 "$@" -DVERSION=$v "$name.c" -o "$name")
	done
	"$bin/upstare-patch" "$work/${name}1/$name" "$work/${name}2/$name" -o "$work/forth.so" >/dev/null
	"$bin/upstare-patch" "$work/${name}2/$name" "$work/${name}1/$name" -o "$work/back.so" >/dev/null
}

# In front of what has to come to a processor that a hundred threads compute on: the tool, for which else seconds go by before each update.
first=
[ "$(nice -n -20 nice 2>/dev/null)" != -20 ] || first="nice -n -20"

# Runs it with an argument and updates it forth and back; the answers are in $work/answers: update_often NAME ARGUMENT UPDATES
update_often() {
	rm -f "$work/input"
	mkfifo "$work/input"
	"$work/${1}1/$1" "$2" <"$work/input" &
	program=$!
	exec 3>"$work/input"
	sleep 0.5
	: >"$work/answers"
	i=0
	while [ $i -lt "$3" ]; do
		if [ $((i % 2)) = 0 ]; then patch=forth; else patch=back; fi
		$first "$bin/upstare-ctl" $program apply "$work/$patch.so" --json >>"$work/answers" || {
			tail -n 3 "$work/answers" >&2
			kill $program
			exit 1
		}
		echo >>"$work/answers"
		i=$((i + 1))
	done
	exec 3>&-
	wait $program
}

# best, p50, p99 and max of a part of the pause, each 10 wide: part_of_pause PART
part_of_pause() {
	sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" "$work/answers" | sort -n | awk '
		{ v[NR] = $1 }
		END { high = int(NR * 0.99); if (!high) high = 1; if (NR) printf "%10.1f %10.1f %10.1f %10.1f", v[1], v[int((NR + 1) / 2)], v[high], v[NR] }'
}

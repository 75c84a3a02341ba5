#!/bin/sh
# Real programs with their own test suites, built with nothing but CC=upstare-cc: each test's result is compared with that of the plain
# build, and again while the program is updated to itself all the time. suites/NAME.sh says how a program is built and tested.
# usage: suites.sh [PROGRAM...]     (zlib lua sqlite mini-httpd bubblewrap gawk memcached redis; postgresql only where it is named)
#   SUITES_MODES="plain instrumented updated"     which runs; plain is what the others are compared with
# Programs that end by themselves are updated at each Nth update point ("every" of their file), as upstare-run does it; servers are
# updated over their sockets, as upstare-ctl does it, as fast as they can (suites/updater.py).
# What was built and each test's result stay in out/torture/suites.
here=$(cd "${0%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
store=$root/out/sources
work=$root/out/torture/suites
tools=$root/out/bin
modes=${SUITES_MODES:-plain instrumented updated}
export PATH="$tools:$PATH" LC_ALL=C

# What a file of suites/ sets: package, programs (from the tree's folder), every, server (yes: updated over its socket), debian (yes:
# with the distribution's changes), and the functions suite_build and suite_run, both called in the tree; suite_run prints "pass NAME ..." or "fail NAME ..." for each test.
load() {
	package='' programs='' every=1000 server=no debian=no
	. "$here/suites/$1.sh"
}

archive() { sh "$root/tools/source.sh" "$store" "$1"; }

# The sources unpacked and built in $tree by compiler $1. Both compilers use one folder, so that no name tells them apart.
build() {
	rm -rf "$tree"
	mkdir -p "$tree"
	tar xf "$(archive "$package")" -C "$tree" --strip-components=1 || return 1
	if [ $debian = yes ]; then
		tar xJf "$(ls "$store/$package"_*.debian.tar.xz | head -1)" -C "$tree" || return 1
		(cd "$tree" && grep -v '^#' debian/patches/series | while read -r patch; do patch -s -p1 <"debian/patches/$patch" || exit 1; done) || return 1
	fi
	(cd "$tree" && export CC="$1" MAKEFLAGS= && make() { command make "CC=$CC" "$@"; } && suite_build) >"$dir/$1.build" 2>&1 </dev/null
}

# In place of each program a script that runs it as upstare-run does, with books of its own for each run.
wrap() {
	mkdir -p "$dir/books"
	for program in $programs; do
		mv "$tree/$program" "$tree/$program.program"
		cat >"$tree/$program" <<-END
			#!/bin/bash
			head -c 24 /dev/zero >"$dir/books/\$\$"
			export UPSTARE_RUN_PATCHES="$dir/${program##*/}.so" UPSTARE_RUN_STATS="$dir/books/\$\$" UPSTARE_RUN_EVERY=$every
			export UPSTARE_LOG_RUNTIME="$dir/refusals"
			exec -a "\$0" "$tree/$program.program" "\$@"
		END
		chmod +x "$tree/$program"
	done
}

# Runs the tests in mode $1; sets seconds.
run() {
	begin=$(date +%s)
	(cd "$tree" && suite_run) >"$dir/$1.results" 2>"$dir/$1.errors" </dev/null
	seconds=$(($(date +%s) - begin))
	[ -s "$dir/$1.results" ] || echo "fail nothing ran" >"$dir/$1.results"
}

# Runs the tests with updates; sets applied and refused.
run_updated() {
	for program in $programs; do
		upstare-patch "$tree/$program" "$tree/$program" -o "$dir/${program##*/}.so" >>"$dir/patch.log" 2>&1 || return 1
	done
	rm -rf "$dir/books" "$dir/refusals"
	if [ $server = no ]; then
		wrap
		run updated
		# shellcheck disable=SC2046
		set -- $(cat "$dir"/books/* | od -An -v -w24 -t u8 | awk '{ a += $1; r += $2 } END { print a + 0, r + 0 }')
		applied=$1 refused=$2
		return 0
	fi
	# Short, since a socket's path may have 107 characters.
	sockets=$(mktemp -d /tmp/upstare-suites.XXXXXX)
	pairs=
	for program in $programs; do pairs="$pairs $tree/$program=$dir/${program##*/}.so"; done
	# shellcheck disable=SC2086
	python3 "$here/suites/updater.py" "$sockets/upstare" "$dir/updates" "${SUITES_PAUSE:-50}" "${SUITES_TIMEOUT:-1000}" $pairs &
	updater=$!
	XDG_RUNTIME_DIR=$sockets run updated
	kill $updater
	wait $updater
	rm -rf "$sockets"
	applied=$(sed -n 's/^applied //p' "$dir/updates") refused=$(sed -n 's/^refused //p' "$dir/updates")
}

passed() { grep -c '^pass' "$dir/$1.results"; }

# The results of mode $1 beside the plain ones.
compare() {
	diff "$dir/plain.results" "$dir/$1.results" >"$dir/$1.diff" && return
	verdict=DIFFERS
	echo "  $name, $1: $(grep -c '^[<>]' "$dir/$1.diff") lines differ, see $dir/$1.diff:"
	grep '^[<>]' "$dir/$1.diff" | cut -c 1-160 | head -10 | sed 's/^/    /'
}

row() { printf '%-12s %9s %6s %7s %12s %8s %8s %8s  %s\n' "$@"; }

one() {
	load "$name"
	dir=$work/$name tree=$work/$name/tree verdict=pass
	mkdir -p "$dir"
	archive "$package" >/dev/null || { row "$name" - - - - - - - "skip: its sources cannot be fetched" && return; }
	times=
	case " $modes " in *" plain "*)
		build gcc || { row "$name" - - - - - - - "skip: gcc does not build it, see $dir/gcc.build" && return; }
		run plain
		times=$seconds
		;;
	esac
	build upstare-cc || { row "$name" - - - - - - - "FAILS: does not build, see $dir/upstare-cc.build" && return; }
	: >"$dir/report"
	for program in $programs; do upstare-cc --report "$tree/$program" >>"$dir/report" 2>&1; done
	functions=$(sed -n 's/^\([0-9]*\) functions, .*/\1/p' "$dir/report" | awk '{ n += $1 } END { print n + 0 }')
	pinned=$(sed -n '/^pinned/,/^$/s/^  [^ ]* ([^)]*): .*/&/p' "$dir/report" | wc -l)
	instrumented=- updated=- applied=- refused=-
	case " $modes " in *" instrumented "*)
		run instrumented
		times=$times/$seconds instrumented=$(passed instrumented)
		compare instrumented
		;;
	esac
	case " $modes " in *" updated "*)
		if run_updated; then
			times=$times/$seconds updated=$(passed updated)
			compare updated
			[ "$applied" != 0 ] || verdict=NO-UPDATE
		else
			verdict=PATCH
			echo "  $name: no patch: $(tail -1 "$dir/patch.log")"
		fi
		;;
	esac
	row "$name" "$functions" "$pinned" "$(passed plain)" "$instrumented" "$updated" "$applied" "$refused" "$times $verdict"
	# What is pinned and why; what hindered updates.
	sed -n '/^pinned/,/^$/s/^  [^ ]* ([^)]*): \(.*\)/\1/p' "$dir/report" | sed 's/ at [^ ]*:[0-9]*$//' | sort | uniq -c | sort -rn | sed 's/^ */    pinned: /'
	[ ! -f "$dir/updates" ] || sed -n 's/^why /    refused: /p' "$dir/updates" | head -5
}

mkdir -p "$work" "$store"
{
	row program functions pinned plain instrumented updated applied refused "seconds, verdict"
	for name in ${*:-zlib lua sqlite mini-httpd bubblewrap gawk memcached redis}; do
		(one)
	done
} | tee "$work/table"
good=$(grep -c ' pass$' "$work/table")
bad=$(grep -cE ' (DIFFERS|FAILS: .*|NO-UPDATE|PATCH)$' "$work/table")
echo "$good passed, $bad failed"
[ "$bad" = 0 ]

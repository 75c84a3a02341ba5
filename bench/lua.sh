#!/bin/sh
# A call-heavy interpreter: Lua 5.4 running a few scripts, and what its build takes.
. "$(dirname "$0")/common.sh"

build() { # NAME COMPILER ENVIRONMENT...
	name=$1
	compiler=$2
	shift 2
	unpack lua5.4 "lua-$name" || return 1
	env "$@" make -s -C "$work/lua-$name/src" linux CC="$compiler -std=gnu99" >"$work/lua-$name.log" 2>&1 || {
		cat "$work/lua-$name.log" >&2
		exit 1
	}
}

build plain gcc A=1 || { echo "Lua: left out, its sources cannot be fetched from the registry"; exit 0; }
build default "$bin/upstare-cc" A=1
build all "$bin/upstare-cc" UPSTARE_POINTS=all

for script in "$root"/bench/lua/*.lua; do
	echo "Lua 5.4, $(basename "$script"), alternating, $rounds rounds"
	"$work/alternate" "$rounds" \
		"plain gcc" "$work/lua-plain/src/lua $script" \
		"upstare-cc" "$work/lua-default/src/lua $script" \
		"upstare-cc, UPSTARE_POINTS=all" "$work/lua-all/src/lua $script"
	for stage in plain default all; do
		printf '%s\t%s\n' "$stage" "$(instructions "$work/lua-$stage/src/lua" "$script" 0.05)"
	done | count_table
	echo
done

echo "Build of Lua 5.4 (make, one job)"
"$work/alternate" 3 \
	"gcc" "make -s -C $work/lua-plain/src clean && make -s -C $work/lua-plain/src linux CC='gcc -std=gnu99'" \
	"upstare-cc" "make -s -C $work/lua-default/src clean && make -s -C $work/lua-default/src linux CC='$bin/upstare-cc -std=gnu99'"

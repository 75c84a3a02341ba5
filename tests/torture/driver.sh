#!/bin/sh
# Real packages, each built with gcc and with upstare-cc in the same folder by the same commands, under sets of flags; compared are
# what configure found, dependency files, everything the build printed, the files it made, and what its programs do. Where the
# program can be updated, an identity patch is applied to it again and again.
# usage: driver.sh [PACKAGE...]     (hello sed zlib bzip2 lz4 cjson libyaml)
#   DRIVER_SETS="O2 debug ..."      names of flag sets, see below
# What failed stays in out/torture/driver.
here=$(cd "${0%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
archive() { sh "$root/tools/source.sh" "$root/out/sources" "$1"; }
work=$root/out/torture/driver
tools=$root/out/bin
. "$here/packages.sh"

# The flags of a set, as CFLAGS; those of the link, as LDFLAGS.
flags() {
	case $1 in
	O0 | O1 | O2 | O3 | Os | Oz) echo "-$1" ;;
	debug) echo "-g3 -Og" ;;
	lto) echo "-O2 -flto=auto -ffat-lto-objects" ;;
	sections) echo "-O2 -ffunction-sections -fdata-sections" ;;
	hidden) echo "-O2 -fvisibility=hidden" ;;
	nopie) echo "-O2 -fno-pie -fno-omit-frame-pointer" ;;
	hardened) echo "-g -O2 -Wall -Wformat -Werror=format-security -Wdate-time -fstack-protector-strong -fstack-clash-protection \
-fcf-protection -D_FORTIFY_SOURCE=2" ;;
	fortify3) echo "-O3 -D_FORTIFY_SOURCE=3 -fstack-protector-all -Wall -Wextra" ;;
	undefined) echo "-O1 -g -fsanitize=undefined" ;;
	address) echo "-O1 -g -fsanitize=address,undefined" ;;
	static) echo "-O2" ;;
	*) echo "driver.sh: no such set: $1" >&2 && exit 1 ;;
	esac
}
link_flags() {
	case $1 in
	lto) flags lto ;;
	sections) echo "-Wl,--gc-sections" ;;
	nopie) echo "-no-pie" ;;
	hardened) echo "-Wl,-z,relro -Wl,-z,now" ;;
	undefined) echo "-fsanitize=undefined" ;;
	address) echo "-fsanitize=address,undefined" ;;
	static) echo "-static" ;;
	esac
}

# Builds package $1 with compiler $2 under set $3 in the folder that both compilers use: programs may hold its name.
build() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree" "$work/bin"
	tar xf "$(archive "$1")" -C "$work/tree" --strip-components=1 || exit 1
	# One name for both, so that nothing that is printed or generated tells them apart.
	printf '#!/bin/sh\nexec %s "$@"\n' "$2" >"$work/bin/cc-in-test"
	chmod +x "$work/bin/cc-in-test"
	(
		cd "$work/tree" || exit 1
		export CC=cc-in-test CFLAGS="$(flags "$3")" LDFLAGS="$(link_flags "$3")" PATH="$work/bin:$PATH" LC_ALL=C ASAN_OPTIONS=detect_leaks=0
		timeout 1800 sh -c ". '$here/packages.sh'; build_$1" >build.out 2>build.err </dev/null
		echo $? >build.status
		timeout 600 sh -c ". '$here/packages.sh'; try_$1" >try.out 2>&1 </dev/null
		echo $? >>try.out
	)
}

# What a tree has to show for itself: the same text for both compilers.
facts() {
	cd "$work/tree" || exit 1
	echo "== files"
	find . -type f ! -path '*/CMakeFiles/CMakeTmp/*' ! -path '*/.deps/*.TPo' ! -name '*.gcda' | sort
	echo "== build"
	cat build.status build.out build.err
	echo "== configure"
	find . -name config.log -exec sed -n '/^## Cache variables/,$p' {} + | grep -v 'LINENO\|^ac_cv_env_\|_time='
	find . -name config.h -exec cat {} +
	echo "== dependencies"
	find . \( -name '*.d' -o -name '*.Po' -o -name '*.Plo' -o -name 'depend*.make' \) -type f | sort | xargs -r cat
	echo "== run"
	cat try.out
}

# The lines that differ for reasons of their own: times and process numbers.
steady() { sed -E 's/[0-9]+\.[0-9]+ ?(s|sec|seconds|MB\/s)/TIME/g; s/conftest\.[a-zA-Z0-9]+/conftest/g; s/==[0-9]+==/==PID==/g; s/\(\.text[a-z._0-9]*\+0x[0-9a-f]+\)/(.text)/; s#/tmp/(cc|upstare-)[a-zA-Z0-9/]*/?#/tmp/#g'; }

one() {
	package=$1 set=$2 name=$1-$2 dir=$work/$1-$2
	rm -rf "$dir"
	mkdir -p "$dir"
	build "$package" gcc "$set"
	(facts) | steady >"$dir/gcc.facts"
	mv "$work/tree" "$dir/gcc"
	build "$package" "$tools/upstare-cc" "$set"
	(facts) | steady >"$dir/ours.facts"
	verdict=pass detail=
	if ! diff "$dir/gcc.facts" "$dir/ours.facts" >"$dir/diff"; then
		verdict=DIFFERS detail="$(wc -l <"$dir/diff") lines, see $dir/diff"
	elif [ "$(sed -n 1p "$dir/gcc/build.status")" != 0 ]; then
		verdict=skip detail="gcc does not build it: $(tail -1 "$dir/gcc/build.err")"
	else
		update "$work/tree"
	fi
	mv "$work/tree" "$dir/ours"
	printf '%-8s %-24s %s\n' "$verdict" "$name" "$detail"
	[ "$verdict" = DIFFERS ] || [ "$verdict" = UPDATE ] || rm -rf "$dir"
}

# Runs the program in tree $1 with its identity patch applied as $2 and $3 say.
updated() {
	(cd "$1" && timeout 600 sh -c ". '$here/packages.sh'; run_$package '$tools/upstare-run $2 $3 $1/same.so --'" \
		>"$1/updated.out" 2>"$1/updated.err" </dev/null)
}

# Applies an identity patch to the package's program at many of its points.
update() {
	program=$1/$(. "$here/packages.sh" && "program_$package")
	"$tools/upstare-cc" --report "$program" >"$1/report" 2>&1
	detail=$(head -1 "$1/report")
	case $detail in
	"can be updated") ;;
	*) return ;;
	esac
	"$tools/upstare-cc" --verify "$program" >"$1/verify" 2>&1 || { verdict=UPDATE detail="verify: $(tail -1 "$1/verify")" && return; }
	"$tools/upstare-patch" "$program" "$program" -o "$1/same.so" >"$1/patch" 2>&1 || { verdict=UPDATE detail="patch: $(tail -1 "$1/patch")" && return; }
	(cd "$1" && timeout 300 sh -c ". '$here/packages.sh'; run_$package ''" >"$1/plain.out" 2>/dev/null </dev/null)
	status=$?
	# As many points as there are, then some 300 updates among them.
	updated "$1" --at 1000000000000
	points=$(sed -n 's/.* \([0-9]*\) update points reached$/\1/p' "$1/updated.err" | tail -1)
	updated "$1" --every $((${points:-0} / 300 + 1))
	ended=$?
	detail=$(tail -1 "$1/updated.err")
	if [ $status != $ended ] || ! cmp -s "$1/plain.out" "$1/updated.out"; then
		verdict=UPDATE detail="exit status $ended for $status, or another output: $detail"
	elif ! echo "$detail" | grep -q 'upstare-run: [1-9][0-9]* updates applied, 0 refused'; then
		verdict=UPDATE
	fi
}

mkdir -p "$work"
for package in ${*:-hello sed zlib bzip2 lz4 cjson libyaml}; do
	archive "$package" >/dev/null || { echo "skip     $package: its sources cannot be fetched" && continue; }
	for set in ${DRIVER_SETS:-O0 O2 O3 Os debug hardened fortify3 lto sections hidden nopie static undefined address}; do
		one "$package" "$set"
	done
done | tee "$work/table"
echo "$(grep -c '^pass' "$work/table") passed, $(grep -cE '^(DIFFERS|UPDATE)' "$work/table") failed"
! grep -qE '^(DIFFERS|UPDATE)' "$work/table"

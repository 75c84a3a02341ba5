#!/bin/sh
# The runtime's own tests (ctest) with the runtime built under sanitizers: all of them with UBSan; with ASan, which keeps books
# of stacks that the runtime takes down and builds up, those that move no stack. Then the test programs, instrumented, under ASan and
# UBSan, updated to themselves: they say what gcc's build under the same sanitizers says. SANITIZE_PROGRAMS names some of them.
root=$(cd "$(dirname "$0")/../.." && pwd)
failed=0

# usage: tests SANITIZERS CTEST-OPTIONS...
tests() {
	build=$root/out/torture/sanitized-$(echo "$1" | tr , -)
	flags="-fsanitize=$1 -fno-sanitize-recover=undefined"
	shift
	mkdir -p "$build"
	if cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DUPSTARE_LIBRARY_DIR="$build/lib/upstare" -DCMAKE_C_FLAGS="$flags" \
		>"$build/log" 2>&1 && cmake --build "$build" >>"$build/log" 2>&1; then
		ctest --test-dir "$build" --output-on-failure "$@" || failed=1
	else
		tail -20 "$build/log"
		failed=1
	fi
}

# usage: build COMPILER NAME FLAGS...; in a folder of its own
build() {
	compiler=$1 name=$2
	shift 2
	if [ -d "$programs/$name/v1" ]; then cp "$programs/$name/v1/"* .; else cp "$programs/$name/v1.c" "$name.c"; fi
	set -- "$@" -g -pthread "-I$programs/include"
	if [ -f build.sh ]; then CC=$compiler CFLAGS=$* sh build.sh "$name"; else "$compiler" "$@" ./*.c -o "$name"; fi
}

# usage: program NAME FLAGS...
program() {
	name=$1
	shift
	work=$root/out/torture/sanitized-programs/$name$(echo "$*" | tr -d ' ,=')
	rm -rf "$work"
	mkdir -p "$work/plain" "$work/ours"
	(cd "$work/plain" && build gcc "$name" "$@" && timeout 120 "./$name" </dev/null >../expected) >"$work/log" 2>&1 || {
		echo "$name $*: not with gcc"
		return
	}
	(cd "$work/ours" && build "$bin/upstare-cc" "$name" "$@" && "$bin/upstare-cc" --verify "$name" &&
		"$bin/upstare-patch" "$name" "$name" -o ../same.so) >>"$work/log" 2>&1 || {
		echo "$name $*: cannot be built or is not right: $work/log"
		failed=1
		return
	}
	for step in 1 7 997; do
		# A step that a program of many frames would take too long for says nothing.
		(cd "$work/ours" && timeout 120 "$bin/upstare-run" --every $step ../same.so -- "./$name" </dev/null >../output 2>../errors)
		status=$?
		[ $status = 124 ] && continue
		if [ $status != 0 ] || ! cmp -s "$work/expected" "$work/output"; then
			echo "$name $*: every $step: status $status, or another output: $work"
			failed=1
			return
		fi
		[ $step = 1 ] || break
	done
	echo "$name $*: $(tail -n 1 "$work/errors")"
}

tests undefined
tests address,undefined -R '^(control|loader)'

programs=$root/testprogs bin=${UPSTARE_BIN:-$root/out/bin}
export ASAN_OPTIONS="detect_leaks=0:detect_stack_use_after_return=1"
for name in ${SANITIZE_PROGRAMS:-$(cd "$programs" && ls -d */ | tr -d /)}; do
	# ASan takes what the frames of a cancelled call have left for a fault, in gcc's own builds as well: it depends on where the variables lie.
	case $name in spin | tenthousand | crowd | stress | ring | cancelled) continue ;; esac
	[ -f "$programs/$name/v1.out" ] || continue
	for level in -O0 -O2; do
		program "$name" $level -fsanitize=address,undefined
	done
done
exit $failed

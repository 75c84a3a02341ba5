#!/bin/sh
# The runtime's own tests (ctest) with the runtime built under sanitizers: all of them with UBSan; with ASan, which keeps books
# of stacks that the runtime takes down and builds up, those that move no stack.
root=$(cd "${0%/*}/../.." && pwd)
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

tests undefined
tests address,undefined -R '^(control|loader)'
exit $failed

#!/bin/sh
# All tests: the C runtime's (ctest), a share of the torture tests, and the xunit projects. The last line is "N passed, N failed" alone.
# Arguments, if any, are passed to `dotnet test` (--filter ...).
passed=0
failed=0
log=$(mktemp)
failures=$(mktemp)
trap 'rm -f "$log" "$failures"' EXIT

echo "== runtime (ctest)"
ctest --test-dir out/build --output-on-failure >"$log" 2>&1
cat "$log"
# "90% tests passed, 1 tests failed out of 10"
total=$(sed -n 's/.*tests failed out of \([0-9]*\).*/\1/p' "$log")
bad=$(sed -n 's/.*passed, \([0-9]*\) tests failed out of.*/\1/p' "$log")
passed=$((passed + ${total:-0} - ${bad:-0}))
failed=$((failed + ${bad:-0}))

echo "== torture (a share of it)"
sh tests/torture/share.sh >"$log" 2>&1
code=$?
cat "$log"
ok=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
passed=$((passed + ok))
failed=$((failed + code))

# One project after the other: scenario tests measure pauses and count threads.
for project in tests/*/*.csproj; do
	echo "== $project"
	${DOTNET:-dotnet} test "$project" --nologo -v quiet --logger 'console;verbosity=minimal' "$@" >"$log" 2>&1
	code=$?
	cat "$log"
	grep -A 12 '^  Failed ' "$log" | grep -v '^ *at ' | head -120 >>"$failures"
	# "Failed:     1, Passed:    10, Skipped:     0, Total:    11"
	ok=$(sed -n 's/.*Passed: *\([0-9]*\),.*/\1/p' "$log" | tail -1)
	bad=$(sed -n 's/.*Failed: *\([0-9]*\),.*/\1/p' "$log" | tail -1)
	passed=$((passed + ${ok:-0}))
	failed=$((failed + ${bad:-0}))
	if [ "$code" != 0 ] && [ "${bad:-0}" = 0 ] && ! grep -q 'No test' "$log"; then
		echo "$project: did not run to the end"
		failed=$((failed + 1))
	fi
done

# Once more at the end, where a reader of a long log looks first.
head -200 "$failures"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

#!/bin/sh
# The table over the verdicts in $1; $2 is how the cases were compiled. The last line is "N passed, N failed".
results=$1
count() { grep -lE "^($1)	" "$results"/* 2>/dev/null | wc -l; }

# The sum of $2 over the cases for whose updates $1 holds.
updates() { cat "$results"/* | awk "/^updates / && ($1) { n += $2 } END { printf \"%d\", n }"; }

cases=$(find "$results" -type f | wc -l)
skipped=$(count skip)
passed=$(count pass)
failed=$((cases - skipped - passed))

echo "$2"
printf '%-40s %10d\n' "cases" "$cases" \
	"passed plainly" "$((cases - skipped))" \
	"passed instrumented" "$((passed + $(count "update-[a-z]*|patch")))" \
	"passed updated" "$passed" \
	"of these with updates in flight" "$(updates "\$2 > 0" 1)" \
	"updates applied" "$(updates 1 "\$2")" \
	"updates refused" "$(updates 1 "\$3")" \
	"update points passed" "$(updates 1 "\$4")" \
	"functions transformed" "$(cat "$results"/* | sed -n 's/^functions //p' | awk '{ n += $1 } END { print n + 0 }')" \
	"functions pinned" "$(cat "$results"/* | grep -c '^pinned ')" \
	"files compiled plainly" "$(cat "$results"/* | grep -c '^plain ')"

# Reasons without names and places, so that like ones count as one.
reasons() {
	cat "$results"/* | sed -n "s/^$1 //p" | sed "s/‘[^’]*’/‘...’/g; s/[^ ]*\.c:[0-9:]* //; s/'[^']*'/'...'/g" | sort | uniq -c | sort -rn | head -30
}
echo
echo "pinned because of"
reasons pinned
echo
echo "files left plain because of"
reasons plain
echo
known="${0%/*}/known.txt"
expected=0
echo "not passed"
for result in "$results"/*; do
	IFS="$(printf '\t')" read -r verdict detail <"$result"
	case $verdict in pass | skip) continue ;; esac
	note=
	if grep -qxF "${result##*/}" "$known"; then
		note=" (known)"
		expected=$((expected + 1))
	fi
	printf '  %-10s %-32s %s%s\n' "$verdict" "${result##*/}" "$detail" "$note"
done
# The list of what is known must not grow stale.
grep -v '^#' "$known" | while read -r name; do
	[ ! -f "$results/$name" ] || ! grep -q '^pass' "$results/$name" || echo "  $name passes here, though known.txt lists it"
done
echo
echo "$passed passed, $failed failed"
[ "$failed" = "$expected" ]

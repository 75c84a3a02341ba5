#!/bin/sh
# `make demo`: a multi-threaded server with connected clients is updated while they talk.
# Exit status 1 if anything is not as this script says.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${UPSTARE_BIN:-$here/../../out/bin}
work=$(mktemp -d)
server= clients=
cleanup() {
	[ -z "$clients" ] || kill "$clients" 2>/dev/null || :
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say() { printf '\n%s\n' "$*"; }
fail() {
	printf '\nNOT AS CLAIMED: %s\n' "$*" >&2
	[ ! -s "$work/server.err" ] || cat "$work/server.err" >&2
	exit 1
}
number() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" "$work/answer.json" | head -n 1; }
within() { # SECONDS COMMAND...: waits until the command succeeds
	left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}

say "1. Two versions of a server are built, with upstare-cc in place of gcc. Their sources know nothing of updates."
for v in 1 2; do
	mkdir "$work/v$v"
	cp "$here/v$v.c" "$work/v$v/demo.c"
	(cd "$work/v$v" && "$bin/upstare-cc" -O2 -g -pthread -I"$here/../include" demo.c -o demo) || fail "version $v does not build"
done
${CC:-gcc} -O2 -pthread "$here/clients.c" -o "$work/clients" || fail "the clients do not build"
diff -u "$here/v1.c" "$here/v2.c" | sed -n '/^@@/,$p' | grep '^[-+]' | sed 's/^/   /' || :

say "2. upstare-patch compares them and makes the patch. What it found, and how each change is handled:"
"$bin/upstare-patch" "$work/v1/demo" "$work/v2/demo" -o "$work/patch.so" >"$work/patch.txt" 2>&1 || {
	cat "$work/patch.txt"
	fail "no patch was made"
}
sed 's/^/   /' "$work/patch.txt"

say "3. The old version is started. Four clients connect, and each asks as fast as it is answered."
mkfifo "$work/to-server" "$work/to-clients"
"$work/v1/demo" "$work/socket" <"$work/to-server" >"$work/server.out" 2>"$work/server.err" &
server=$!
exec 3>"$work/to-server"
within 5 grep -q listening "$work/server.out" || fail "the server does not listen"
"$work/clients" "$work/socket" <"$work/to-clients" >"$work/clients.out" 2>&1 &
clients=$!
exec 4>"$work/to-clients"
sleep 1
ls -l "/proc/$server/fd" | sed -n 's/.*\(socket:.*\)/\1/p' | sort >"$work/before"
printf . >&3
within 5 grep -q served "$work/server.out" || fail "the server does not report"
sed 's/^/   the server says: /' "$work/server.out"

say "4. While they talk, the server (process $server, six threads) gets its new version."
echo "   \$ upstare-ctl $server apply patch.so"
"$bin/upstare-ctl" "$server" apply "$work/patch.so" --json >"$work/answer.json" 2>"$work/ctl.err" || {
	cat "$work/answer.json" "$work/ctl.err"
	fail "the update was not applied"
}
total=$(number total)
[ -n "$total" ] || fail "the answer tells no pause: $(cat "$work/answer.json")"
echo "   All threads were stopped, their stacks taken down and built again in the new version's form, and released."
echo "   For that the program stood still for $total microseconds. In parts:"
for part in prepare park unroll transform reconstruct; do
	value=$(number $part)
	[ -z "$value" ] || case $part in
	prepare) echo "     prepare     $value us  (loading and checking the patch; the program still ran)" ;;
	park) echo "     park        $value us  (until the last thread had stopped)" ;;
	unroll) echo "     unroll      $value us  (stacks to records)" ;;
	transform) echo "     transform   $value us  (records and variables to the new version's types)" ;;
	reconstruct) echo "     reconstruct $value us  (records to stacks)" ;;
	esac
done

sleep 1
printf . >&3
within 5 grep -q '^v2:' "$work/server.out" || fail "the server does not report in the new version"
say "5. The same process goes on, with the same sockets and the same threads, in the new version."
sed -n 's/^v2/   the server says: v2/p' "$work/server.out"
ls -l "/proc/$server/fd" | sed -n 's/.*\(socket:.*\)/\1/p' | sort >"$work/after"
cmp -s "$work/before" "$work/after" || fail "the sockets are not the same"
exec 4>&-
wait "$clients" || {
	cat "$work/clients.out"
	fail "a client missed an answer, or got a wrong one"
}
clients=
say "6. What the clients saw: not one connection was closed, not one answer lost."
cat "$work/clients.out"
exec 3>&-
wait "$server" || fail "the server did not end well"
server=
say "Done: everything was as claimed."

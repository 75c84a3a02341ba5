#!/bin/sh
# vsftpd-connect.sh PLAIN INSTRUMENTED: two builds of vsFTPd; connect, log in, fetch a file, leave, BENCH_SESSIONS times, in
# BENCH_ROUNDS rounds of one server, the other, the other, the one: what goes before makes a difference. So does where code and stack
# lie in pages, and the file in memory: each time a new server, from one of some copies. As root. BENCH_BYTES: of the file (32).
# VSFTPD_OPTIONS: more lines of their configuration. What a large file costs: BENCH_BYTES=300000000 BENCH_SESSIONS=4.
. "$(dirname "$0")/common.sh"
rounds=${BENCH_ROUNDS:-11}
sessions=$((${BENCH_SESSIONS:-1000} / 2))
bytes=${BENCH_BYTES:-32}
if [ $# != 2 ] || [ "$(id -u)" != 0 ]; then
	echo "usage: vsftpd-connect.sh PLAIN INSTRUMENTED (as root)" >&2
	exit 2
fi
gcc -O2 -Wall -Wextra -Werror "$root/bench/vsftpd-connect.c" -o "$work/vsftpd-connect"

files=$(mktemp -d)
mkdir "$files/root" "$files/empty"
head -c "$bytes" /dev/zero >"$files/root/file"
chmod -R a+rX,go-w "$files"
printf '%s\n' listen=YES listen_port=2131 anonymous_enable=YES anon_root="$files/root" ftp_username=daemon \
	secure_chroot_dir="$files/empty" ${VSFTPD_OPTIONS:-} >"$files/conf"
server=
trap 'kill $server 2>/dev/null; rm -rf "$files"' EXIT

# take BINARY: the seconds and the processor time of one round, to standard output.
take() {
	"$1" "$files/conf" &
	server=$!
	sleep 0.2
	"$work/vsftpd-connect" $server 2131 "$sessions" "$bytes"
	kill $server
	wait $server 2>/dev/null || true
}
for copy in 0 1 2 3 4; do
	cp "$1" "$files/a$copy"
	cp "$2" "$files/b$copy"
done
sync
: >"$work/connect"
round=0
while [ $round -lt "$rounds" ]; do
	copy=$((round % 5))
	for which in a b b a; do
		take "$files/$which$copy"
	done | tr '\n' ' ' | awk '{ print $1 + $7, $2 + $8, $3 + $5, $4 + $6 }' >>"$work/connect"
	round=$((round + 1))
done

# The middle one of a column, which may be an expression of columns: middle EXPRESSION
middle() {
	awk "{ print $1 }" "$work/connect" | sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'
}
echo "$((2 * sessions)) times connect, log in, RETR of $bytes bytes, quit; medians of $rounds rounds"
printf '%-34s %10s %10s %10s\n' "" plain upstare-cc ratio
printf '%-34s %10s %10s %10s\n' "seconds" "$(middle '$1')" "$(middle '$3')" "$(middle '$3 / $1')"
printf '%-34s %10s %10s %10s\n' "processor time of the server, s" "$(middle '$2')" "$(middle '$4')" "$(middle '$4 / $2')"

#!/bin/sh
# vsftpd-connect.sh PLAIN INSTRUMENTED: two builds of vsFTPd; connect, log in, fetch a file, leave, BENCH_SESSIONS times, in
# BENCH_ROUNDS rounds of one server, the other, the other, the one: what goes before makes a difference, and so does where code and
# stack lie in pages, so that each has a new one. As root. BENCH_BYTES: of the file (32). VSFTPD_OPTIONS: more lines of their
# configuration. What a large file costs: BENCH_BYTES=300000000 BENCH_SESSIONS=2.
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
	cp "$1" "$files/server"
	"$files/server" "$files/conf" &
	server=$!
	sleep 0.2
	"$work/vsftpd-connect" $server 2131 "$sessions" "$bytes"
	kill $server
	wait $server || true
	rm "$files/server"
}
: >"$work/connect"
round=0
while [ $round -lt "$rounds" ]; do
	for which in "$1" "$2" "$2" "$1"; do
		take "$which"
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

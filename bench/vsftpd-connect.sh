#!/bin/sh
# vsftpd-connect.sh PLAIN INSTRUMENTED: two builds of vsFTPd; connect, log in, fetch a file, leave, BENCH_SESSIONS times, one
# server and the other in turn, BENCH_ROUNDS rounds. As root. BENCH_BYTES: of the file (32). VSFTPD_OPTIONS: more lines of their
# configuration. What a large file costs: BENCH_BYTES=300000000 BENCH_SESSIONS=2.
. "$(dirname "$0")/common.sh"
rounds=${BENCH_ROUNDS:-11}
sessions=${BENCH_SESSIONS:-1000}
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
trap 'kill $plain $instrumented 2>/dev/null; rm -rf "$files"' EXIT

# serve BINARY PORT
serve() {
	printf '%s\n' listen=YES listen_port="$2" anonymous_enable=YES anon_root="$files/root" ftp_username=daemon \
		secure_chroot_dir="$files/empty" ${VSFTPD_OPTIONS:-} >"$files/$2.conf"
	"$1" "$files/$2.conf" &
}
serve "$1" 2131
plain=$!
serve "$2" 2132
instrumented=$!
sleep 1
: >"$work/connect"
round=0
while [ $round -lt "$rounds" ]; do
	a=$("$work/vsftpd-connect" $plain 2131 "$sessions" "$bytes")
	b=$("$work/vsftpd-connect" $instrumented 2132 "$sessions" "$bytes")
	echo "$a $b" >>"$work/connect"
	round=$((round + 1))
done

# The middle one of a column, which may be an expression of columns: middle EXPRESSION
middle() {
	awk "{ print $1 }" "$work/connect" | sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'
}
echo "$sessions times connect, log in, RETR of $bytes bytes, quit; medians of $rounds rounds"
printf '%-34s %10s %10s %10s\n' "" plain upstare-cc ratio
printf '%-34s %10s %10s %10s\n' "seconds" "$(middle '$1')" "$(middle '$3')" "$(middle '$3 / $1')"
printf '%-34s %10s %10s %10s\n' "processor time of the server, s" "$(middle '$2')" "$(middle '$4')" "$(middle '$4 / $2')"

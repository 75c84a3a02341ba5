#!/bin/sh
# vsftpd-connect.sh PLAIN INSTRUMENTED: two builds of vsFTPd; connect, log in, fetch a file, leave, BENCH_SESSIONS times with each in turns
# of ten sessions, in BENCH_ROUNDS rounds. Where code and stack lie in pages makes a difference, and the file in memory: in each
# round two new servers, from one of some copies, in the other order. As root. BENCH_BYTES: of the file (32).
# VSFTPD_OPTIONS: more lines of their configuration. What a large file costs: BENCH_BYTES=300000000 BENCH_SESSIONS=4.
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
for port in 2131 2132; do
	printf '%s\n' listen=YES listen_port=$port anonymous_enable=YES anon_root="$files/root" ftp_username=daemon \
		secure_chroot_dir="$files/empty" ${VSFTPD_OPTIONS:-} >"$files/conf$port"
done
servers=
trap '[ -z "$servers" ] || kill $servers; rm -rf "$files"' EXIT

for copy in 0 1 2 3 4; do
	cp "$1" "$files/a$copy"
	cp "$2" "$files/b$copy"
done
sync
: >"$work/connect"
round=0
while [ $round -lt "$rounds" ]; do
	copy=$((round % 5))
	case $((round % 2)) in
	0) first=a second=b ;;
	1) first=b second=a ;;
	esac
	"$files/$first$copy" "$files/conf2131" &
	one=$!
	"$files/$second$copy" "$files/conf2132" &
	servers="$one $!"
	sleep 0.2
	"$work/vsftpd-connect" "$bytes" "$sessions" "$one" 2131 "$!" 2132 |
		awk -v first=$first '{ if (first == "a") print; else print $3, $4, $1, $2 }' >>"$work/connect"
	kill $servers
	wait $servers 2>/dev/null || true
	servers=
	round=$((round + 1))
done
if [ "$(wc -l <"$work/connect")" != "$rounds" ]; then
	echo "vsftpd-connect.sh: a server failed" >&2
	exit 1
fi

# The middle one of a column, which may be an expression of columns: middle EXPRESSION
middle() {
	awk "{ print $1 }" "$work/connect" | sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'
}
echo "$sessions times connect, log in, RETR of $bytes bytes, quit; medians of $rounds rounds"
printf '%-34s %10s %10s %10s\n' "" plain upstare-cc ratio
printf '%-34s %10s %10s %10s\n' "seconds" "$(middle '$1')" "$(middle '$3')" "$(middle '$3 / $1')"
printf '%-34s %10s %10s %10s\n' "processor time of the server, s" "$(middle '$2')" "$(middle '$4')" "$(middle '$4 / $2')"

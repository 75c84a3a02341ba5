#!/bin/sh
# vsFTPd, the 13 updates of the paper in one chain, with one and two processes for a session and clients that do nothing or download;
# then what a session and a download of 300 MB cost. BENCH_VSFTPD: a clone of its repository with all tags, which no registry has. As root.
. "$(dirname "$0")/common.sh"
clone=${1:-${BENCH_VSFTPD:-}}
versions='1.1.0 1.1.1 1.1.2 1.1.3 1.2.0 1.2.1 1.2.2 2.0.0 2.0.1 2.0.2 2.0.3 2.0.4 2.0.5 2.0.6'
if [ -z "$clone" ] || [ "$(id -u)" != 0 ]; then
	echo "vsFTPd: left out; as root, BENCH_VSFTPD names a clone of its repository (github.com/dagwieers/vsftpd)"
	exit 0
fi
sh "$root/tools/deps.sh" /usr/include/sys/capability.h:libcap-dev
trees=$work/vsftpd
mkdir -p "$trees"
libraries="-lcrypt -lcap"
[ ! -f /usr/include/security/pam_appl.h ] || libraries="$libraries -lpam" # it is used where it is there

# build VERSION FOLDER COMPILER
build() {
	rm -rf "$trees/$2"
	mkdir "$trees/$2"
	git -C "$clone" archive "$1" | tar x -C "$trees/$2"
	make -s -j2 -C "$trees/$2" CC="$3" LIBS="$libraries" LINK= >"$trees/$2.log" 2>&1 || {
		tail -n 20 "$trees/$2.log" >&2
		exit 1
	}
}

old=
printf '%-16s %9s %8s %7s %13s\n' update changed assumed frames "user's lines"
for version in $versions; do
	build "$version" "$version" "$bin/upstare-cc"
	if [ -n "$old" ]; then
		patch=$trees/$old-$version own=$root/bench/vsftpd/$version
		[ -d "$own" ] || own=
		"$bin/upstare-patch" "$trees/$old" "$trees/$version" -o "$patch.so" ${own:+--with "$own"} >"$patch.log"
		printf '%-16s %9s %8s %7s %13s\n' "$old-$version" "$(grep -c '^  changed ' "$patch.log")" "$(grep -c '^  assumed: ' "$patch.log")" \
			"$(grep 'a frame of ' "$patch.log" | grep -vc 'what a frame of ')" "$([ -z "$own" ] || grep -cvE '^$|^/\*|^ \*' "$own/transformers.c")"
	fi
	old=$version
done
echo
export UPSTARE_CTL="$bin/upstare-ctl"
for model in one two; do
	for case in idle transfer text; do
		echo "13 updates, $model process(es) for a session, $case"
		python3 "$root/bench/vsftpd.py" "$trees" $model $case >"$trees/$model-$case.json" || {
			tail -n 2 "$trees/$model-$case.json" >&2
			exit 1
		}
		tail -n 1 "$trees/$model-$case.json"
	done
done
echo
build 2.0.5 plain gcc
sh "$root/bench/vsftpd-connect.sh" "$trees/plain/vsftpd" "$trees/2.0.5/vsftpd"
echo
BENCH_BYTES=300000000 BENCH_SESSIONS=8 sh "$root/bench/vsftpd-connect.sh" "$trees/plain/vsftpd" "$trees/2.0.5/vsftpd"

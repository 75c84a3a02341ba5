#!/bin/sh
# memcached and redis from Debian's sources, without and with the patches of their last security updates: updated forth and back under
# clients that check every answer, and what the same questions cost a plain build and one of upstare-cc.
. "$(dirname "$0")/common.sh"
updates=${BENCH_UPDATES:-40}
rounds=${BENCH_ROUNDS:-8}
sh "$root/tools/deps.sh" patch:patch /usr/include/event.h:libevent-dev /usr/include/sasl/sasl.h:libsasl2-dev /usr/include/openssl/ssl.h:libssl-dev

# The sources with the distribution's patches but the last LESS, unpacked into $work/FOLDER: debian_sources PACKAGE FOLDER LESS
debian_sources() {
	unpack "$1" "$2" || return 1
	tar xJf "$(ls "$sources/$1"_*.debian.tar.xz)" -C "$work/$2"
	grep -v -e '^#' -e '^$' "$work/$2/debian/patches/series" | head -n "-$3" >"$work/series"
	while read -r patch; do
		patch -s -p1 -d "$work/$2" <"$work/$2/debian/patches/$patch" || exit 1
	done <"$work/series"
}

# plain, old and new builds, and the patches between the latter: build PACKAGE LESS PROGRAM COMMAND; in COMMAND, which runs in the tree, $CC is the compiler
build() {
	for tree in plain old new; do
		case $tree in
		plain) compiler=gcc less=$2 ;;
		old) compiler=$bin/upstare-cc less=$2 ;;
		new) compiler=$bin/upstare-cc less=0 ;;
		esac
		debian_sources "$1" "$1-$tree" "$less" || return 1
		(cd "$work/$1-$tree" && CC=$compiler sh -c "$4") >"$work/$1-$tree.log" 2>&1 || {
			tail -n 20 "$work/$1-$tree.log" >&2
			exit 1
		}
		eval "$tree=$work/$1-$tree/$3"
	done
	"$bin/upstare-patch" "$old" "$new" -o "$work/$1-forth.so" | tail -n 3
	"$bin/upstare-patch" "$new" "$old" -o "$work/$1-back.so" >/dev/null
}

export UPSTARE_CTL="$bin/upstare-ctl"
if build memcached 3 memcached './configure --enable-sasl --enable-sasl-pwdb --enable-tls && make -j2'; then
	echo "memcached under clients, $updates updates"
	python3 "$root/bench/memcached.py" "$plain" "$old" "$new" "$work/memcached-forth.so" "$work/memcached-back.so" "$updates"
	echo "memcached, $rounds rounds"
	python3 "$root/bench/throughput.py" "$plain" "$old" "$rounds"
else
	echo "memcached: left out, its sources cannot be fetched from the registry"
fi
echo
if build redis 5 src/redis-server 'make -j2 MALLOC=libc USE_SYSTEMD=no CC="$CC"'; then
	echo "redis under clients, $updates updates"
	REDIS_BENCHMARK=$work/redis-plain/src/redis-benchmark python3 "$root/bench/redis.py" "$old" "$work/redis-forth.so" "$work/redis-back.so" "$updates"
	echo "redis, $rounds rounds"
	python3 "$root/bench/throughput.py" "$plain" "$old" "$rounds"
else
	echo "redis: left out, its sources cannot be fetched from the registry"
fi

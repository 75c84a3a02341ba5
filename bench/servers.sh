#!/bin/sh
# memcached, redis, nginx and unbound from Debian's sources, without and with the patches of their security updates: updated forth and back
# under clients that check every answer, and what the same questions cost a plain build and one of upstare-cc.
# usage: servers.sh [NAME...]
. "$(dirname "$0")/common.sh"
updates=${BENCH_UPDATES:-40}
rounds=${BENCH_ROUNDS:-8}
sh "$root/tools/deps.sh" patch:patch yacc:bison flex:flex ab:apache2-utils dnsperf:dnsperf /usr/include/event.h:libevent-dev /usr/include/sasl/sasl.h:libsasl2-dev /usr/include/openssl/ssl.h:libssl-dev \
	/usr/include/zlib.h:zlib1g-dev /usr/include/expat.h:libexpat1-dev

# The sources with the distribution's patches but the last LESS, unpacked into $work/FOLDER: debian_sources PACKAGE FOLDER LESS
debian_sources() {
	unpack "$1" "$2" || return 1
	tar xJf "$(ls "$sources/$1"_*.debian.tar.xz)" -C "$work/$2"
	grep -v -e '^#' -e '^$' "$work/$2/debian/patches/series" | head -n "-$3" >"$work/series"
	while read -r patch; do
		patch -s -p1 -d "$work/$2" <"$work/$2/debian/patches/$patch" || exit 1
	done <"$work/series"
}

# plain, old and new builds, and the patches between the latter: build PACKAGE OLD NEW PROGRAM COMMAND; OLD and NEW: how many of the distribution's last
# patches are left out of each version; in COMMAND, which runs in the tree, $CC is the compiler
build() {
	for tree in plain old new; do
		case $tree in
		plain) compiler=gcc less=$2 ;;
		old) compiler=$bin/upstare-cc less=$2 ;;
		new) compiler=$bin/upstare-cc less=$3 ;;
		esac
		debian_sources "$1" "$1-$tree" "$less" || return 1
		(cd "$work/$1-$tree" && CC=$compiler sh -c "$5") >"$work/$1-$tree.log" 2>&1 || {
			tail -n 20 "$work/$1-$tree.log" >&2
			exit 1
		}
		eval "$tree=$work/$1-$tree/$4"
	done
	"$bin/upstare-patch" "$old" "$new" -o "$work/$1-forth.so" | tail -n 3
	"$bin/upstare-patch" "$new" "$old" -o "$work/$1-back.so" >/dev/null
}

# Updates it under the clients of NAME.py: under_clients NAME
under_clients() {
	echo "$1 under clients, $updates updates"
	python3 "$root/bench/$1.py" "$old" "$work/$1-forth.so" "$work/$1-back.so" "$updates"
}

throughput() {
	echo "$1, $rounds rounds"
	python3 "$root/bench/throughput.py" "$plain" "$old" "$rounds"
}

memcached() {
	build memcached 3 0 memcached './configure --enable-sasl --enable-sasl-pwdb --enable-tls && make -j2' || return 77
	under_clients memcached
	throughput memcached
}

redis() {
	build redis 5 0 src/redis-server 'make -j2 MALLOC=libc USE_SYSTEMD=no CC="$CC"' || return 77
	REDIS_BENCHMARK=$work/redis-plain/src/redis-benchmark under_clients redis
	throughput redis
}

nginx() {
	build nginx 20 0 objs/nginx './configure --with-cc="$CC" --without-http_rewrite_module --with-threads --with-stream --with-http_ssl_module \
		--with-http_v2_module --with-http_mp4_module && make -j2' || return 77
	under_clients nginx
	throughput nginx
}

unbound() {
	# Of those before and behind these nine some let structures on the heap grow, which needs the user.
	build unbound 16 7 unbound './configure --with-libevent --with-pthreads --disable-shared --disable-flto && make -j2' || return 77
	under_clients unbound
	throughput unbound
}

export UPSTARE_CTL="$bin/upstare-ctl"
status=0
for name in ${*:-memcached redis nginx unbound}; do
	set +e
	(
		set -e
		$name
	)
	case $? in
	0) ;;
	77) echo "$name: left out, its sources cannot be fetched from the registry" ;;
	*) status=1 ;;
	esac
	set -e
	echo
done
exit $status

#!/bin/sh
# nginx 1.22.0 -> 1.22.1 (fixes in the mp4 module) and back, while it runs: a master and two workers with threads of their own for files, under
# clients that check every answer. BENCH_NGINX: a clone of its repository with all tags, which no registry has.
. "$(dirname "$0")/common.sh"
clone=${1:-${BENCH_NGINX:-}}
updates=${BENCH_UPDATES:-40}
if [ -z "$clone" ]; then
	echo "nginx: left out; BENCH_NGINX names a clone of its repository (github.com/nginx/nginx)"
	exit 0
fi
sh "$root/tools/deps.sh" /usr/include/openssl/ssl.h:libssl-dev /usr/include/zlib.h:zlib1g-dev

for version in 1.22.0 1.22.1; do
	tree=$work/nginx-$version
	rm -rf "$tree"
	mkdir "$tree"
	git -C "$clone" archive "release-$version" | tar x -C "$tree"
	(cd "$tree" && auto/configure --with-cc="$bin/upstare-cc" --without-http_rewrite_module --with-threads --with-stream --with-http_ssl_module \
		--with-http_v2_module --with-http_mp4_module && make -s -j2) >"$tree.log" 2>&1 || {
		tail -n 20 "$tree.log" >&2
		exit 1
	}
done
old=$work/nginx-1.22.0/objs/nginx new=$work/nginx-1.22.1/objs/nginx
"$bin/upstare-patch" "$old" "$new" -o "$work/nginx-forth.so" | awk '/^  changed/ { c++ } /^  assumed/ { a++ } /functions,/ { print } END { print c " functions changed, " a " assumptions" }'
"$bin/upstare-patch" "$new" "$old" -o "$work/nginx-back.so" >/dev/null
UPSTARE_CTL="$bin/upstare-ctl" python3 "$root/bench/nginx.py" "$old" "$work/nginx-forth.so" "$work/nginx-back.so" "$updates"

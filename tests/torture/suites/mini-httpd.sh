# mini-httpd under load: a process for each request. 1,200 requests, eight at a time, for files of all sizes, folders, what is not there,
# what has not been modified since, and a CGI program; each answer's status, type and content are compared.
package=mini-httpd
programs=mini_httpd
server=yes
# Without them it does not compile with today's libc.
debian=yes

suite_build() { make; }

suite_run() {
	rm -rf site
	mkdir -p site/cgi-bin site/folder
	for size in 0 1 100 5000 70000 3000000; do head -c $size /dev/zero | tr '\0' "x" >"site/$size.txt"; done
	printf '#!/bin/sh\nprintf "Content-type: text/plain\\n\\n%%s %%s\\n" "$REQUEST_METHOD" "$QUERY_STRING"\n' >site/cgi-bin/echo
	chmod +x site/cgi-bin/echo
	echo '<p>index</p>' >site/index.html
	echo text >site/folder/inside.txt
	# The listing of a folder tells them.
	find site -exec touch -d '2020-02-02 12:00:00' {} +
	./mini_httpd -D -h 127.0.0.1 -p 18080 -d site -c 'cgi-bin/*' -l /dev/null &
	server=$!
	for attempt in $(seq 50); do curl -s -o /dev/null http://127.0.0.1:18080/ && break; sleep 0.1; done
	paths="0.txt 1.txt 100.txt 5000.txt 70000.txt 3000000.txt folder/ folder/inside.txt missing index.html cgi-bin/echo?n=N"
	for n in $(seq 100); do for path in $paths; do echo "$n $path"; done; echo "$n since"; done |
		xargs -P 8 -L 1 sh -c '
			case $2 in
			since) set -- "$1" 70000.txt -z "1 Jan 2030" ;;
			esac
			n=$1 path=$2
			shift 2
			curl -s --max-time 60 -o answer.$$ -w "%{http_code} %{content_type} %{size_download}" "$@" "http://127.0.0.1:18080/$path" >line.$$ &&
				verdict=pass || verdict="fail $?"
			echo "$verdict $n $path $* $(cat line.$$) $(cat answer.$$ 2>/dev/null | cksum)"
			rm -f answer.$$ line.$$' sh | sort
	kill "$server"
	wait "$server" 2>/dev/null
}

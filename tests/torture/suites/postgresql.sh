# PostgreSQL: its regression tests (src/test/regress) against a server of some fifteen processes, which is updated as a whole. It runs as
# another user where the caller is root, since it refuses to be root's. Five tests at a time: the processes that the server forks in a signal handler
# keep each version that they have had (docs/limits.md), 140 MB an update.
package=postgresql-15
programs=installed/bin/postgres
server=yes

suite_build() {
	./configure --prefix="$PWD/installed" --without-readline --without-zlib && make -j2 && make install && make -C src/test/regress
}

suite_run() {
	rm -rf data output
	mkdir data output
	user=
	if [ "$(id -u)" = 0 ]; then
		chown nobody data output src/test/regress "${XDG_RUNTIME_DIR:-output}"
		user="setpriv --reuid nobody --regid nogroup --clear-groups"
	fi
	$user installed/bin/initdb -D data -A trust -U tester >output.initdb 2>&1 || { echo "fail initdb" && return; }
	$user installed/bin/pg_ctl -D data -o "-p 15432 -k $PWD/output" -w -t 120 -l data/log start >/dev/null || { echo "fail start" && return; }
	(cd src/test/regress && $user timeout 3000 ./pg_regress --host="$PWD/../../../output" --port=15432 --user=tester --inputdir=. --outputdir=../../../output \
		--bindir=../../../installed/bin --dlpath=. --max-connections=5 --schedule=./parallel_schedule) >output.regress 2>&1
	sed -n 's/^\(test\)\{0,1\} *\([a-z_0-9]*\) *\.\.\. ok .*/pass \2/p; s/^\(test\)\{0,1\} *\([a-z_0-9]*\) *\.\.\. FAILED.*/fail \2/p' output.regress
	$user installed/bin/pg_ctl -D data -w -t 120 -m fast stop >/dev/null && echo "pass stop" || echo "fail stop"
}

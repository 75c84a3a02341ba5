# SQLite's shell and a large SQL script (sqlite.awk writes it): tables, indexes, triggers, views, recursive queries, windows, JSON,
# transactions, savepoints, vacuum and integrity checks over some ten thousand rows. Each line of the answer is compared.
package=sqlite3
programs=sqlite3
every=10007

suite_build() { ./configure --disable-tcl --disable-readline && make sqlite3; }

suite_run() {
	awk -f "$root/tests/torture/suites/sqlite.awk" >script.sql </dev/null
	rm -f test.db
	timeout 1200 ./sqlite3 test.db <script.sql 2>&1 | sed 's/^/pass /'
	./sqlite3 test.db .dump | cksum | sed 's/^/pass dump /'
}

# memcached: its own tests, t/*.t and testapp.
package=memcached
programs=memcached-debug
server=yes

# With coverage, as memcached-debug has it else, files are compiled plainly.
suite_build() { ./configure --disable-coverage && make && make memcached-debug sizes testapp timedrun; }

suite_run() {
	timeout 300 ./testapp >output 2>&1
	{
		sed -n 's/^\(ok\|not ok\) \([0-9]* - .*\)/\1 testapp \2/p' output
		for test in ${MEMCACHED_TESTS:-t/*.t}; do
			# Looks for blanks at the ends of lines in the sources.
			[ "$test" != t/whitespace.t ] || continue
			timeout 300 perl "$test" >output 2>errors </dev/null
			# How many checks a test makes is a matter of time in some.
			[ $? = 0 ] && ! grep -aq '^not ok' output && echo "ok $test" || echo "not ok $test: $(grep -a '^not ok' output | cut -c 1-80 | head -1)"
		done
	} | sed 's/^ok /pass /; s/^not ok /fail /'
}

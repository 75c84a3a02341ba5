# Lua's interpreter: the scripts of testprogs/lua-scripts and bench/lua, each compared by its output and exit status; in a run with
# LUA_TESTS=DIR, the folder `testes` of Lua's public repository at the same version, also Lua's own test suite.
package=lua5.4
programs=src/lua
every=10007

suite_build() { make linux CC="$CC -std=gnu99"; }

suite_run() {
	for script in "$root"/testprogs/lua-scripts/*.lua "$root"/bench/lua/*.lua; do
		(cd "${script%/*}" && timeout 600 "$tree/src/lua" "${script##*/}") >output 2>errors </dev/null
		# Messages begin with the interpreter's path; times that bench/lua prints are its own.
		echo "pass ${script##*/}: exit status $? $(sed 's/[0-9.]* s$//' output | cat - errors | cksum)"
	done
	[ -n "$LUA_TESTS" ] || return
	rm -rf tests
	cp -r "$LUA_TESTS" tests
	# _U: without the tests that need memory, time, or Lua's internal test functions.
	(cd tests && timeout 1200 ../src/lua -e "_U=true" all.lua) >output 2>errors </dev/null
	status=$?
	grep -q '^final OK' output && echo "pass all.lua, exit status $status" || echo "fail all.lua, exit status $status: $(tail -1 errors)"
}

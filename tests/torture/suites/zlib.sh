# zlib: its own `make test` (example, minigzip and their 64-bit builds), and files packed and unpacked by minigzip.
# The programs link the static library, which is updated with them; the shared ones (examplesh) run instrumented only.
package=zlib
programs="example minigzip example64 minigzip64"
every=211

suite_build() { ./configure && make; }

suite_run() {
	for target in teststatic testshared test64; do
		make -s $target >"$target.log" 2>&1 && echo "pass $target" || echo "fail $target"
		sed "s/^/pass $target: /" "$target.log"
	done
	for file in *.c ChangeLog; do
		for level in 1 6 9; do
			./minigzip -$level <"$file" >packed && ./minigzip -d <packed | cmp -s - "$file" &&
				echo "pass minigzip -$level $file $(cksum <packed)" || echo "fail minigzip -$level $file"
		done
	done
}

# bubblewrap: its own test suite. Nearly every one of its functions has variables with attribute cleanup, and each of its runs ends in another
# program (exec) or in a process of another namespace. What the machine does not let it do (user namespaces, FUSE) is skipped in all runs.
package=bubblewrap
programs=bwrap
every=1
debian=yes

suite_build() { ./configure --disable-man && make bwrap && gcc -I. -o tests/try-syscall tests/try-syscall.c; }

suite_run() {
	BWRAP=$PWD/bwrap G_TEST_SRCDIR=$PWD G_TEST_BUILDDIR=$PWD timeout 600 bash tests/test-run.sh 2>output |
		sed -n 's/^ok .*SKIP/skip/p; s/^ok /pass /p; s/^not ok /fail /p'
}

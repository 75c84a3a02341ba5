# How each package is built (in its own folder, with CC, CFLAGS and LDFLAGS in the environment), tried, and run for an update;
# program_X names the program that is updated.

# configure and make of the GNU kind; -j1, so that what is printed has an order.
gnu() { ./configure "$@" && make V=1; }

build_hello() { gnu; }
try_hello() { ./hello && ./hello -t && make -s check 2>&1 | grep -E '^# (TOTAL|PASS|FAIL)'; }
program_hello() { echo hello; }
run_hello() { $1 ./hello -g "$(seq 400 | tr '\n' ' ')"; }

build_sed() { gnu --disable-nls; }
try_sed() { seq 100 | ./sed/sed -E 's/(.)(.)/\2\1/;$!N;P;D' && ./sed/sed --version | head -3; }
program_sed() { echo sed/sed; }
run_sed() { $1 ./sed/sed -n -E '/a(.)c|x+/{s/([a-z]+) ([a-z]+)/\2 \1/g;p};$=' NEWS; }

build_zlib() { ./configure && make; }
try_zlib() { make -s test && ./minigzip <zlib.h | gunzip | cmp - zlib.h && ls -l libz.so.1 >/dev/null; }
program_zlib() { echo minigzip; }
run_zlib() { $1 ./minigzip <ChangeLog | cksum; }

build_bzip2() { make CC="$CC" CFLAGS="$CFLAGS -D_FILE_OFFSET_BITS=64" LDFLAGS="$LDFLAGS" libbz2.a bzip2 bzip2recover && make clean && make -f Makefile-libbz2_so CC="$CC" && make CC="$CC" CFLAGS="$CFLAGS -D_FILE_OFFSET_BITS=64" LDFLAGS="$LDFLAGS" test; }
try_bzip2() { ./bzip2 <words3 | ./bzip2 -d | cmp - words3; }
program_bzip2() { echo bzip2; }
run_bzip2() { $1 ./bzip2 <bzip2.c | cksum; }

build_lz4() { make lz4 V=1 CC="$CC" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS"; }
try_lz4() { ./lz4 -9 <NEWS | ./lz4 -d | cmp - NEWS; }
program_lz4() { echo lz4; }
run_lz4() { $1 ./lz4 -9 <NEWS | cksum; }

build_cjson() { mkdir b && cd b && cmake .. -DCMAKE_BUILD_TYPE=None -DENABLE_CUSTOM_COMPILER_FLAGS=On && make VERBOSE=1; }
try_cjson() { cd b && ctest 2>&1 | grep 'tests passed'; ./cJSON_test; }
program_cjson() { echo b/cJSON_test; }
run_cjson() { $1 b/cJSON_test; }

build_libyaml() { ([ -f configure ] || ./bootstrap) && gnu && make -C tests run-parser run-scanner run-loader run-emitter V=1; }
try_libyaml() { make -s check 2>&1 | grep -E '^# (TOTAL|PASS|FAIL)'; }
program_libyaml() { echo tests/.libs/run-parser; }
run_libyaml() { LD_LIBRARY_PATH=src/.libs $1 tests/.libs/run-parser .appveyor.yml; }

# $1: the program's name; CC and CFLAGS from the environment.
set -e
$CC $CFLAGS -fPIC -shared a.c -o a.so
$CC $CFLAGS -fPIC -c b.c
$CC -shared b.o -o b.so
for name in common user; do $CC $CFLAGS -fPIC -shared $name.c -o $name.so; done
$CC $CFLAGS -rdynamic plugins.c -o "$1" -ldl

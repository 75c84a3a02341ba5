# $1: the program's name; CC and CFLAGS from the environment.
set -e
$CC $CFLAGS -fPIC -shared libcount.c -Wl,-soname,libcount.so.1 -o libcount.so.1
$CC $CFLAGS library.c ./libcount.so.1 -Wl,-rpath,'$ORIGIN' -o "$1"

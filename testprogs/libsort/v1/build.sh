# $1: the program's name; CC and CFLAGS from the environment.
set -e
$CC $CFLAGS -fPIC -shared sorting.c -Wl,-soname,libsorting.so.2 -o libsorting.so.2
$CC $CFLAGS libsort.c ./libsorting.so.2 -Wl,-rpath,'$ORIGIN' -o "$1"

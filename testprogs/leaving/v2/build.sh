# $1: the program's name; CC and CFLAGS from the environment.
set -e
$CC $CFLAGS -fPIC -shared part.c -Wl,-soname,libpart.so -o libpart.so
$CC $CFLAGS leaving.c ./libpart.so -Wl,-rpath,'$ORIGIN' -o "$1"

# $1: the program's name; CC and CFLAGS from the environment.
set -e
$CC $CFLAGS -fPIC -shared comes.c -o comes.so
$CC $CFLAGS -fPIC -shared stays.c -o stays.so
$CC $CFLAGS reload.c -o "$1" -ldl

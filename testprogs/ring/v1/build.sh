# $1: the program's name; CC and CFLAGS from the environment. The library is one that upstare-cc has not built.
set -e
gcc -O2 $(echo "$CFLAGS" | grep -o -e "-I[^ ]*") -fPIC -shared libloop.c -Wl,-soname,libloop.so.1 -o libloop.so.1
$CC $CFLAGS ring.c ./libloop.so.1 -Wl,-rpath,'$ORIGIN' -o "$1"

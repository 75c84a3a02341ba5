# $1: the program's name; CC and CFLAGS from the environment. The library is one that upstare-cc has not built.
set -e
gcc -O2 $(echo "$CFLAGS" | grep -o -e "-I[^ ]*") -fPIC -shared libtail.c -Wl,-soname,libtail.so.1 -o libtail.so.1
$CC $CFLAGS tailcalls.c ./libtail.so.1 -Wl,-rpath,'$ORIGIN' -o "$1"

# $1: the program's name; CC and CFLAGS from the environment. The library is one that upstare-cc has not built.
set -e
gcc -O2 -fno-builtin -D_GNU_SOURCE $(echo "$CFLAGS" | grep -o -e "-I[^ ]*") -fPIC -shared libbusy.c -Wl,-soname,libbusy.so.1 -o libbusy.so.1
$CC $CFLAGS busy.c ./libbusy.so.1 -Wl,-rpath,'$ORIGIN' -o "$1"

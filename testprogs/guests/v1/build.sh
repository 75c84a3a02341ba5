# $1: the program's name; CC and CFLAGS from the environment. The library is one that upstare-cc has not built.
set -e
gcc -O2 $(echo "$CFLAGS" | grep -o -e "-I[^ ]*") -fPIC -shared libguests.c -Wl,-soname,libguests.so.1 -o libguests.so.1
$CC $CFLAGS guests.c ./libguests.so.1 -Wl,-rpath,'$ORIGIN' -o "$1"

#include "tailcalls/libtail.c"

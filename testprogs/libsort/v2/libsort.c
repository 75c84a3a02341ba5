#define VERSION 2
#include "libsort/libsort.c"

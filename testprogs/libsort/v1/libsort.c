#define VERSION 1
#include "libsort/libsort.c"

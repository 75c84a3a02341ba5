#define VERSION 1
#include "libsort/sorting.c"

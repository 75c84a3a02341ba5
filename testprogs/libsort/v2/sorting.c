#define VERSION 2
#include "libsort/sorting.c"

#define VERSION 2
#include "library/libcount.c"

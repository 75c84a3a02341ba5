#define VERSION 1
#include "library/libcount.c"

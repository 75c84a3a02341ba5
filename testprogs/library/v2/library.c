#define VERSION 2
#include "library/library.c"

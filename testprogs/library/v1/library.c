#define VERSION 1
#include "library/library.c"

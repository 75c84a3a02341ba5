#define VERSION 2
#include "leaving/part.c"

#define VERSION 1
#include "leaving/part.c"

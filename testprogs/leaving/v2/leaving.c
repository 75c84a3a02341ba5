#define VERSION 2
#include "leaving/leaving.c"

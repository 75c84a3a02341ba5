#define VERSION 1
#include "leaving/leaving.c"

#define VERSION 1
#include "plugins/b.c"

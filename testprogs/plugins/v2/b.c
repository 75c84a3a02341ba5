#define VERSION 2
#include "plugins/b.c"

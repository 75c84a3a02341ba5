#define VERSION 2
#include "plugins/a.c"

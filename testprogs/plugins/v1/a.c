#define VERSION 1
#include "plugins/a.c"

#define VERSION 2
#include "plugins/common.c"

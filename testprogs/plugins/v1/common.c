#define VERSION 1
#include "plugins/common.c"

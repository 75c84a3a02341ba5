#define VERSION 1
#include "plugins/plugins.c"

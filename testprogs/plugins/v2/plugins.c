#define VERSION 2
#include "plugins/plugins.c"

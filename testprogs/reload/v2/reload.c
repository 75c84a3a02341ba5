#define VERSION 2
#include "reload/reload.c"

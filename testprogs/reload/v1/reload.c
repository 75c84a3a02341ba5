#define VERSION 1
#include "reload/reload.c"

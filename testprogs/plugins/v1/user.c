#define VERSION 1
#include "plugins/user.c"

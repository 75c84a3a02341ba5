#define VERSION 2
#include "plugins/user.c"

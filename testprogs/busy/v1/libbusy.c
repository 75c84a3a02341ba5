#include "busy/libbusy.c"

#include "guests/libguests.c"

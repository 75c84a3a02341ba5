#include "eventloop/loop.c"

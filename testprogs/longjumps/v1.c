/* Hazard: setjmp below library code, and longjmp across it: include/longjumps.h. */
#define VERSION 1
#include "longjumps.h"

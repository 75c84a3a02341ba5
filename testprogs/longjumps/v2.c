/* Hazard: setjmp below library code, and longjmp across it: include/longjumps.h. */
#define VERSION 2
#include "longjumps.h"

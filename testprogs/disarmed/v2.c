/* Hazard: a setjmp below library code that the new version has no more: include/disarmed.h. */
#define VERSION 2
#include "disarmed.h"

/* Hazard: a setjmp below library code that the new version has no more: include/disarmed.h. */
#define VERSION 1
#include "disarmed.h"

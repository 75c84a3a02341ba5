/* Hazard: updates all the time in the middle of everything: include/stress.h. */
#define VERSION 1
#include "stress.h"

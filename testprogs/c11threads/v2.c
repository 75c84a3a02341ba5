/* Hazard: threads of C11: include/c11threads.h. */
#define VERSION 2
#include "c11threads.h"

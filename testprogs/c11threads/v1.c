/* Hazard: threads of C11: include/c11threads.h. */
#define VERSION 1
#include "c11threads.h"

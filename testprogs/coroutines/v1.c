/* Hazard: contexts of makecontext's: include/coroutines.h. */
#define VERSION 1
#include "coroutines.h"

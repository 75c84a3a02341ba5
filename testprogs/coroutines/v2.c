/* Hazard: contexts of makecontext's: include/coroutines.h. */
#define VERSION 2
#include "coroutines.h"

/* Hazard: a handler that leaves a call by siglongjmp after an update: include/escapes.h. */
#define VERSION 1
#include "escapes.h"

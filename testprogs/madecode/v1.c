/* Hazard: code that the program makes while it runs: include/madecode.h. */
#define VERSION 1
#include "madecode.h"

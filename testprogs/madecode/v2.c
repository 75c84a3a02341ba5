/* Hazard: code that the program makes while it runs: include/madecode.h. */
#define VERSION 2
#include "madecode.h"

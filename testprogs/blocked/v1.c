/* Hazard: threads that wait, in each way that there is: include/blocked.h. */
#define VERSION 1
#include "blocked.h"

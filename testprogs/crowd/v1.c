/* Hazard: two hundred threads that wait for each other: include/crowd.h. */
#define VERSION 1
#include "crowd.h"

/* Hazard: a program that is many processes: include/processes.h. */
#define VERSION 2
#include "processes.h"

/* Hazard: a program that is many processes: include/processes.h. */
#define VERSION 1
#include "processes.h"

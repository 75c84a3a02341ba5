/* Hazard: processes of one thread that wait for lines: include/prompts.h. */
#define VERSION 1
#include "prompts.h"

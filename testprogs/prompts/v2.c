/* Hazard: processes of one thread that wait for lines: include/prompts.h. */
#define VERSION 2
#include "prompts.h"

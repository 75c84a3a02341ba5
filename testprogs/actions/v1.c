/* Hazard: what sigaction answers: include/actions.h. */
#define VERSION 1
#include "actions.h"

/* Hazard: what sigaction answers: include/actions.h. */
#define VERSION 2
#include "actions.h"

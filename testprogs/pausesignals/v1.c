/* Hazard: signals that come in the pause of an update: include/pausesignals.h. */
#define VERSION 1
#include "pausesignals.h"

/* Hazard: threads that are cancelled after an update: include/cancelled.h. */
#define VERSION 2
#include "cancelled.h"

/* Hazard: threads that are cancelled after an update: include/cancelled.h. */
#define VERSION 1
#include "cancelled.h"

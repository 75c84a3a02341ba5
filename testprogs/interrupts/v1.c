/* Hazard: a signal and an update that come to a blocked call at the same moment: include/interrupts.h. */
#define VERSION 1
#include "interrupts.h"

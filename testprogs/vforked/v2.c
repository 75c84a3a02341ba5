/* Hazard: a thread that waits in vfork: include/vforked.h. */
#define VERSION 2
#include "vforked.h"

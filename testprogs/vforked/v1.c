/* Hazard: a thread that waits in vfork: include/vforked.h. */
#define VERSION 1
#include "vforked.h"

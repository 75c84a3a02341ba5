/* Hazard: what an update leaves behind, seen only after many of them: include/tenthousand.h. */
#define VERSION 1
#include "tenthousand.h"

/* One function by three names: include/renamed.h. */
#define VERSION 1
#include "renamed.h"

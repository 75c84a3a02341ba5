/* One function by three names: include/renamed.h. */
#define VERSION 3
#include "renamed.h"

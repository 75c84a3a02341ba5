/* One function by three names: include/renamed.h. */
#define VERSION 2
#include "renamed.h"

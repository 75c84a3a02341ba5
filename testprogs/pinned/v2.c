#define VERSION 2
#include "pinned.h"

#define VERSION 1
#include "pinned.h"

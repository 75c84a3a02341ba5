#define VERSION 2
#include "badpatch.h"

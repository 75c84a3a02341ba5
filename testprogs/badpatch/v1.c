#define VERSION 1
#include "badpatch.h"

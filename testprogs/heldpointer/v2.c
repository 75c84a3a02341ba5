#define VERSION 2
#include "heldpointer.h"

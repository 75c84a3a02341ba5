#define VERSION 1
#include "heldpointer.h"

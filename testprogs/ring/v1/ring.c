#define VERSION 1
#include "ring.h"

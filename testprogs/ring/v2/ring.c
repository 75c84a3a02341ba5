#define VERSION 2
#include "ring.h"

#define VERSION 1
#include "neighbours.h"

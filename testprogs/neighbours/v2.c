#define VERSION 2
#include "neighbours.h"

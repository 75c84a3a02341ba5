#define VERSION 3
#include "between.h"

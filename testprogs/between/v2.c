#define VERSION 2
#include "between.h"

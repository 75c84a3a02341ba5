#define VERSION 1
#include "between.h"

#define VERSION 1
#include "threaded.h"

#define VERSION 2
#include "threaded.h"

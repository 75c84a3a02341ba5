#define VERSION 2
#include "busy.h"

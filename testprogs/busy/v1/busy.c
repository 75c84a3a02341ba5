#define VERSION 1
#include "busy.h"

#define VERSION 2
#include "unstatic.h"

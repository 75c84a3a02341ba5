#define VERSION 1
#include "unstatic.h"

#define VERSION 3
#include "callbacks.h"

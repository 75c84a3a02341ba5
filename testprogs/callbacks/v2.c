#define VERSION 2
#include "callbacks.h"

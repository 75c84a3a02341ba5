#define VERSION 1
#include "callbacks.h"

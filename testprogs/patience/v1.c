#define VERSION 1
#include "patience.h"

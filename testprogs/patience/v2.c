#define VERSION 2
#include "patience.h"

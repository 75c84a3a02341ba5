#define VERSION 2
#include "tailcalls/tailcalls.h"

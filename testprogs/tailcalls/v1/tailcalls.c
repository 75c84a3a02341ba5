#define VERSION 1
#include "tailcalls/tailcalls.h"

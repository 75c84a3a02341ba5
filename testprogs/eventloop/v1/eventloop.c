#define VERSION 1
#include "eventloop.h"

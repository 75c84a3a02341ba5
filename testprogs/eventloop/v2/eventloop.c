#define VERSION 2
#include "eventloop.h"

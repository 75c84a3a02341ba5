#define VERSION 2
#include "headers/main.h"

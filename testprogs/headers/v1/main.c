#define VERSION 1
#include "headers/main.h"

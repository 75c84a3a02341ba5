/* As v1, under its own number. */
#define VERSION 2
#include "escapes.h"

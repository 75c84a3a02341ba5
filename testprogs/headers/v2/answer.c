#define VERSION 2
#include "headers/answer.h"

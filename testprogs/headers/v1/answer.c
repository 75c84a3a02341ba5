#define VERSION 1
#include "headers/answer.h"

#define VERSION 1
#include "guests/guests.h"

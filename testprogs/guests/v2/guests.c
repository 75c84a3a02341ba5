#define VERSION 2
#include "guests/guests.h"

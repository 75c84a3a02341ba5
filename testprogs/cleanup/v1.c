#define VERSION "v1"
#define MORE
#include "cleanup.h"

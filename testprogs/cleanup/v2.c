/* As v1, with a variable more, which is null in a frame that goes on. */
#define VERSION "v2"
#define MORE FREE char *more = NULL;
#include "cleanup.h"

/* Hazard: a program that owns every signal, also the one that is otherwise the runtime's: include/ownsignals.h. */
#define VERSION 1
#include "ownsignals.h"

/* Hazard: threads that wait inside of libc: include/libcwaits.h. */
#define VERSION 2
#include "libcwaits.h"

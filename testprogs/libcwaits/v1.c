/* Hazard: threads that wait inside of libc: include/libcwaits.h. */
#define VERSION 1
#include "libcwaits.h"

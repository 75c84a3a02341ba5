#include "reload/stays.c"

#include "reload/comes.c"

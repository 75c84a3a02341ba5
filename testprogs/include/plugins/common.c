/* A plug-in whose names others find, too (RTLD_GLOBAL). */
#include "common.h"

long common_count = 10;

long common_add(long n)
{
	common_count += n;
	return common_count + 1000 * VERSION;
}

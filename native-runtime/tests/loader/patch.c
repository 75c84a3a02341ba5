#include <string.h>

extern int test_imported __attribute__((weak));
static const char *words[] = { "one", "three" };
static int own = 2;

__attribute__((constructor)) static void never(void)
{
	own = 1000;
}

__attribute__((visibility("default"))) int upstare_module(int (*callback)(int))
{
	int *p = &test_imported;
	int value = callback(*p); /* 41 */
	*p = value;
	return value + own + (int)strlen(words[own == 2]); /* 41 + 2 + 5 */
}

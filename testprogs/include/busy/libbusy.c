/* A library of somebody else's, built by gcc. It has a cbrt of its own. */
#include <link.h>
#include <stddef.h>

static volatile int let;

long libbusy_count(volatile int *stop);
long libbusy_count(volatile int *stop)
{
	long n = 1;

	while (!*stop)
		n++;
	return n;
}

void libbusy_let(void);
void libbusy_let(void)
{
	let = 1;
}

double cbrt(double x);
double cbrt(double x)
{
	while (!let)
		;
	return x / 4;
}

static int spin(struct dl_phdr_info *info, size_t size, void *times)
{
	(void)info, (void)size;
	for (volatile long *i = times; *i > 0; --*i)
		;
	return 1;
}

/* For a while, with a lock of the dynamic linker's. */
void libbusy_look(void);
void libbusy_look(void)
{
	long times = 100000000;

	dl_iterate_phdr(spin, &times);
}

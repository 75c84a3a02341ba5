/* A library of somebody else's, built by gcc. It has a cbrt of its own. */
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

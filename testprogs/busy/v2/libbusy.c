/* A library of somebody else's, built by gcc. */
long libbusy_count(volatile int *stop);
long libbusy_count(volatile int *stop)
{
	long n = 1;

	while (!*stop)
		n++;
	return n;
}

/*
 * Hazard: storage whose size only the running program knows: variable length arrays (also two-dimensional, also in a
 * loop), alloca, and a pointer to such an array as a parameter.
 */
#include "testprog.h"
#include <alloca.h>

static long sum(int rows, int columns, int m[rows][columns])
{
	long s = 0;

	gate("in a function with a variably modified parameter");
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < columns; j++)
			s += m[i][j];
	return s;
}

static long fill(int n)
{
	int m[n][n + 1];
	long s = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j <= n; j++)
			m[i][j] = i * j;
	for (int k = 1; k <= 3; k++) {
		char line[k * 8];

		memset(line, 'a' + k, sizeof(line));
		if (k == 2)
			gate("in a block with an array of its own");
		s += sizeof(line) + line[k * 8 - 1];
	}
	return s + sum(n, n + 1, m);
}

static int with_alloca(int n)
{
	char *p = alloca(n);

	memset(p, 'x', n);
	gate("with memory from alloca");
	for (int i = 0; i < n; i++)
		if (p[i] != 'x')
			return 0;
	return 1;
}

int main(void)
{
	begin();
	printf("v1: %ld\n", fill(6));
	fact(with_alloca(300), "v1: memory from alloca is kept");
	return failures;
}

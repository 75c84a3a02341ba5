/* Variable-length arrays and pointers to them, alive while their frames are taken down and built again. */
#include <stdio.h>
#include <string.h>

static int calls;

static int point(int x)
{
	return x + (++calls & 0);
}

static void fill(int *a, int n, int first)
{
	for (int i = 0; i < n; i++)
		a[i] = point(first + i);
}

static long sum(const int *a, int n)
{
	long s = 0;
	for (int i = 0; i < n; i++)
		s += point(a[i]);
	return s;
}

/* One array, its size, and a pointer into it that somebody else holds. */
static int *held;

static long one(int n)
{
	int a[n];
	long s = 0;

	held = a + n / 2;
	fill(a, n, 10);
	s += sum(a, n) + *held + (long)sizeof(a) + (long)(sizeof a / sizeof *a);
	n = point(0);
	return s + (long)sizeof(a) + (held == a + sizeof(a) / sizeof(int) / 2) + n;
}

/* A size that changes with each turn; what is outside of the block lives on. */
static long turns(int n)
{
	char outer[n + 3];
	long s = 0;

	memset(outer, 'o', sizeof(outer));
	for (int k = 1; k <= n; k++) {
		char line[k * 8], second[point(k)];

		memset(line, 'a' + k, sizeof(line));
		memset(second, k, sizeof(second));
		if (k % 3 == 1)
			continue;
		s += point((int)sizeof(line)) + line[k * 8 - 1] + second[k - 1];
		if (k == n - 1)
			break;
	}
	return s + outer[0] + outer[n + 2];
}

/* Thousands of turns need no more stack than one. */
static long many(void)
{
	long s = 0;

	for (int k = 0; k < 4000; k++) {
		char big[8192 + k % 5];

		big[0] = (char)k;
		big[sizeof(big) - 1] = 1;
		s += point(big[0]) + big[sizeof(big) - 1];
	}
	return s;
}

/* Two and three dimensions, as variables and as parameters. */
static long rows(int r, int c, int m[r][c])
{
	long s = 0;

	r = point(r);
	c = point(c + 1) - 1;
	for (int i = 0; i < r; i++)
		s += sum(m[i], c);
	c += 5;
	return s + (long)sizeof(m[0]) + (long)sizeof(*m);
}

static long planes(int n, const short (*p)[n][n + 1])
{
	long s = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j <= n; j++)
			s += point(p[1][i][j]);
	return s + (long)sizeof(*p) + (long)sizeof(p[0][0]);
}

static long dimensions(int n)
{
	int m[n][n + 1], last[3][n];
	short cube[2][n][n + 1];
	long s = 0;

	for (int i = 0; i < n; i++)
		fill(m[i], n + 1, i * 100);
	memset(last, 0, sizeof last);
	fill(last[2], n, 7);
	for (int i = 0; i < (int)(sizeof(cube) / sizeof(short)); i++)
		((short *)cube)[i] = (short)i;
	int (*row)[n + 1] = &m[point(1)];
	int (*const all)[n][n + 1] = &m;
	s += rows(n, n + 1, m) + rows(3, n, last) + planes(n, (const short (*)[n][n + 1])cube);
	s += sum(*row, n + 1) + (*all)[n - 1][n] + (long)sizeof(*row);
	row++;
	return s + point((*row)[0]) + (long)(row - m) + (long)sizeof(*all);
}

/* Bounds with effects are evaluated once; so are those that call. */
static long effects(int n)
{
	int k = n;
	long a[k++], b[point(k) + k++];
	struct pair { int x, y; } pairs[point(3)];

	memset(b, 1, sizeof(b));
	memset(a, 2, sizeof(a));
	pairs[2].y = point(9);
	return k * 1000 + (long)sizeof(a) + (long)sizeof(b) + a[n - 1] % 100 + b[2] % 100 + pairs[point(2)].y + (long)sizeof(pairs);
}

/* Arrays that hide each other, and jumps out of and around them. */
static long scopes(int n)
{
	long s = 0;
	int a[n];

	fill(a, n, 1);
again:
	{
		char a[n + 1];

		memset(a, n, sizeof(a));
		s += point(a[n]) + (long)sizeof(a);
		if (--n > 2)
			goto again;
		{
			double a[n];

			a[n - 1] = point(n);
			s += (long)a[n - 1] + (long)sizeof(a);
			if (s < 0)
				return point(-1);
		}
	}
	switch (point(n)) {
	case 2: {
		int inside[point(n + 1)];

		fill(inside, n + 1, 5);
		s += sum(inside, n + 1);
		break;
	}
	default:
		s = -1;
	}
	return s + sum(a, n) + (long)sizeof(a);
}

static long recursive(int n)
{
	int a[n + 1];
	long s;

	fill(a, n + 1, n);
	s = n ? recursive(n - 1) : 0;
	return s + sum(a, n + 1) + (long)sizeof(a);
}

/* Beside an expression that is taken apart, and more variables than an asm statement has operands. */
static int compare(const int *a, const int *b)
{
	return point(*a - *b);
}

static long busy(int n)
{
	int a[n], b[n], c[n];
	int v1 = 1, v2 = 2, v3 = 3, v4 = 4, v5 = 5, v6 = 6, v7 = 7, v8 = 8, v9 = 9, v10 = 10, v11 = 11, v12 = 12, v13 = 13;
	int v14 = 14, v15 = 15, v16 = 16, v17 = 17, v18 = 18, v19 = 19, v20 = 20, v21 = 21, v22 = 22, v23 = 23, v24 = 24;

	fill(a, n, 1);
	fill(b, n, 2);
	fill(c, n, 3);
	a[point(1)] += b[point(2)] * c[point(0)] + (compare(a, b) < 0 ? point(a[2]) : point(b[1]));
	return sum(a, n) + v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11 + v12 + v13 + v14 + v15 + v16 + v17 + v18 + v19 + v20 +
	       v21 + v22 + v23 + v24 + (point(n) == n && b[n - 1] == n + 1);
}

/* Alignment that is asked for. */
static long aligned(int n)
{
	long s = 0;

	for (int i = 0; i < 3; i++) {
		char a[n] __attribute__((aligned(64)));
		long double wide[n];

		a[0] = (char)point(i);
		wide[n - 1] = point(i);
		s += a[0] + (long)wide[n - 1] + (long)((unsigned long)a % 64) + (long)((unsigned long)wide % 16);
	}
	return s;
}

int main(void)
{
	printf("%ld %ld\n", one(7), turns(9));
	printf("%ld\n", many());
	printf("%ld\n", dimensions(4));
	printf("%ld %ld\n", effects(5), scopes(6));
	printf("%ld %ld %ld\n", recursive(6), busy(5), aligned(5));
	return 0;
}

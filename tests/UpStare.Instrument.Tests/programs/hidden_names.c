/* sizeof and typeof of names that blocks without a point declare anew. */
#include <stdio.h>
#include <string.h>

static int calls;

static __attribute__((noinline)) int point(int x)
{
	return x + (++calls & 0);
}

#define LARGER(a, b)                 \
	({                           \
		__typeof__(a) _a = (a);\
		__typeof__(b) _b = (b);\
		_a > _b ? _a : _b;     \
	})

static long hide(int n)
{
	int x = point(n), y = 3;
	long s = 0;

	for (int i = 0; i < 3; i++) {
		s += x;
		{
			char x[37];
			memset(x, i, sizeof(x));
			s += (long)sizeof(x) + (long)sizeof x[0] + (long)sizeof(__typeof__(x)) + x[36];
		}
		{
			double y = 2.5;
			__typeof__(y) z = y * 2;
			s += (long)(z * 10) + (long)sizeof(__typeof__(y));
		}
		for (short x = 0; x < 2; x++) {
			__typeof__(x) copy = x;
			s += (long)sizeof(copy) + copy;
		}
		s += LARGER(LARGER(x, 2.25f) * 2, point(y)) * 4;
		s += (long)sizeof(x) + (long)sizeof(__typeof__(y));
	}
	return s + x + y;
}

/* A name that is hidden twice, and names that begin their scope in the middle of a block. */
static long twice(int n)
{
	int a = point(n);
	long s = a;

again:
	{
		char a[5];
		memset(a, 1, sizeof(a));
		s += (long)sizeof(a) + a[4];
		if (--n > 2)
			goto again;
		{
			s += (long)sizeof(a);
			double a[3];
			a[2] = n;
			s += (long)sizeof(a) + (long)a[2];
		}
	}
	s += (long)sizeof(a);
	return s + point(a);
}

/* At a jump out of blocks that hide what is recorded, by a variable and by a static one. */
static long jumps(int n)
{
	int level = point(n), depth = 2;
	long s = 0;

again:
	s += level + depth;
	{
		long level = s * 3;
		if (level % 2 == 0) {
			char depth = 'd';
			s += depth + level;
			if (--n > 0)
				goto again;
		}
		{
			static int depth = 1;
			s += point(depth++) + level;
			if (--n > 0)
				goto again;
		}
	}
	return s + level + depth;
}

/* Operands of asm statements that are named as variables are, beside an array's bound that is one. */
static long operands(int n)
{
	int x = point(n), y = 0, m[2][n];
	long s = 0;

	for (int i = 0; i < 3; i++) {
		__asm__("leal 1(%q[x]), %[y]" : [y] "=r"(y) : [x] "r"(x), [ n ] "r"(n));
		m[1][n - 1] = point(y);
		s += (*(int (*)[2][n])m)[1][n - 1] + x;
		x = point(y);
	}
	return s;
}

/* In an index, where names are looked for as in an array's bound. */
static long index_of(int n)
{
	static int static_one = 4;
	int x = point(n), table[] = {1, 2, 3, 4};
	long s = 0;

	for (int i = 0; i < 3; i++) {
		s += table[({ int x = 0, n = x; for (; x < 2; x++) n++; x += 4; x + n; }) & 3] + point(x);
		s += table[({ unsigned long static_one = sizeof(static_one); static_one / 8; }) & 3] + point(static_one++);
	}
	return s + x + n;
}

int main(void)
{
	printf("%ld\n", index_of(6));
	printf("%ld\n", operands(4));
	printf("%ld\n", jumps(9));
	printf("%ld %ld\n", hide(5), twice(4));
	return 0;
}

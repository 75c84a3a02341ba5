/* A function with so many points, and variables in scope at them, that its clone keeps the variables in memory. */
#include <complex.h>
#include <stdio.h>
#include <string.h>

struct pair {
	int a;
	double b;
};

static long next(long x) { return x * 31 + 7; }
static struct pair turned(struct pair p) { return (struct pair){(int)p.b % 1000, p.a + 0.5}; }

/* What a pointer leads to may reach a point. */
static long (*step)(long) = next;
static struct pair (*swap)(struct pair) = turned;

#define TIMES4(X) X X X X
#define TIMES16(X) TIMES4(TIMES4(X))
#define TIMES64(X) TIMES16(TIMES4(X))

static long sum(long seed, const char *text)
{
	char name[16] = "place";
	long a = seed, b = seed + 1, c = 2, d = 3, e = 4, f = 5, g = 6, h = 7;
	unsigned char small = 200;
	short less = -3;
	float single = 1.5f;
	double wide = 2.5;
	long double widest = 3.25L;
	double _Complex both = 1.0 + 2.0 * I;
	struct pair p = {3, 4.5};
	volatile int turns = 0;
	int *at = (int *)&turns;
	_Bool flag = 1;

	for (int i = 0; i < 3; i++) {
		TIMES64(a = step(a) % 1000003; b += step(c); c = step(d) & 1023; d = flag ? step(e) & 511 : 0;)
		TIMES64({
			struct pair inner = swap(p);
			p.a = inner.a + (int)(step(f) & 15);
			p.b = inner.b;
			small += step(g);
		})
		TIMES16(less -= step(h); single += step(1) / 64.0f; wide -= step(2) / 32.0; widest *= 1.0L + step(3) / 1048576.0L;
			both *= 1.0 + step(1) / 1024.0; flag = !step(a);)
		turns++;
		name[i] = (char)('a' + step(i) % 26);
	}
	printf("%s %s %ld %ld %ld %ld %d %d %.3f %.3f %.6Lf %.6f %.6f %d %.3f %d %d\n", text, name, a, b, c, d, small, less, single, wide, widest,
	       creal(both), cimag(both), p.a, p.b, *at, flag);
	return a + b + (long)strlen(name);
}

int main(void)
{
	printf("%ld\n", sum(1, "first"));
	printf("%ld\n", sum(2, "second"));
	return 0;
}

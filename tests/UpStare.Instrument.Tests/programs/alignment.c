/* Alignment that is asked for, of variables that are declared together and taken apart at calls. */
#include <stdint.h>
#include <stdio.h>

static int calls;

static __attribute__((noinline)) int f(int x)
{
	calls++;
	return x;
}

static int off(const void *p, int alignment)
{
	return (int)((uintptr_t)p % (uintptr_t)alignment);
}

struct pair {
	int a, b;
};

enum { LARGE = 128 };

static int behind(int n)
{
	int x = f(n), y __attribute__((aligned(64))) = f(2), z = f(3);
	struct pair v __attribute__((__aligned__(32))) = { f(3), 4 }, w = { 4, f(5) };
	int sum = off(&y, 64) + off(&v, 32);

	sum += f(x + y + z) + v.a + w.b;
	return sum + off(&y, 64) + off(&v, 32);
}

static int before(int n)
{
	_Alignas(64) char c = (char)f(n), d = (char)f(4);
	int __attribute__((aligned(LARGE))) k = f(1), l = f(2);
	_Alignas(struct pair) _Alignas(256) char buffer[3] = { 1, 2, 3 }, more[5] = { (char)f(1) };
	int sum = off(&c, 64) + off(&d, 64) + off(&k, 128) + off(&l, 128) + off(buffer, 256) + off(more, 256);

	sum += f(c + d + k + l) + buffer[2] + more[0];
	return sum + off(&c, 64) + off(&d, 64);
}

static int again(int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		double m[4] __attribute__((aligned(32))), *p = m + f(1);
		m[1] = f(i);
		sum += (int)*p + off(m, 32);
	}
	return sum;
}

int main(void)
{
	printf("%d %d %d\n", behind(1), before(3), again(5));
	return 0;
}

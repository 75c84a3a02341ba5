/* What gcc's torture tests found: the name of a function in its clone; structs with const members and structs that gcc copies by a
   call, as values of calls; inline definitions by GNU C's old rules; a K and R definition whose first parameter is an int by
   default; a local type with a variable bound; a semicolon between functions; a
   type of a function with no blank behind it; va_arg of a typeof. */
#include <stdio.h>

struct constant { const int a; int b : 7; const int d[3]; };
struct large { int n[2100]; };

/* Its storage on the stack is what a copy below the stack pointer would overwrite. */
static struct constant constant(int x)
{
	struct constant r = {x, x & 31, {x, x + 1, x + 2}};
	int in[4] = {x, x, x, x}, *p = &in[x & 3];
	for (int i = 0; i < 3; i++) {
		putchar('.');
		*p += i;
	}
	return r.a == *p - 3 ? r : (struct constant){-1, 0, {0}};
}

static struct large large(int x)
{
	struct large r;
	int in[40], *p = in;
	for (int i = 0; i < 40; i++)
		in[i] = i * x;
	__builtin_memset(&r, x, sizeof(r));
	for (int i = 0; i < 3; i++)
		putchar('-');
	for (int i = 0; i < 2100; i += 70)
		r.n[i] += *(p + i % 40);
	return r;
}

static int use(struct constant a, struct constant b) { return a.a * 1000 + b.d[1]; }

static int sum(struct large a)
{
	int s = 0;
	for (int i = 0; i < 2100; i += 140)
		s = s * 3 + a.n[i];
	return s;
}

double d;
__inline__ __attribute__((gnu_inline)) double leaf(void) { return d; }
__inline__ __attribute__((gnu_inline)) int calls(void)
{
	puts("calls");
	leaf();
	return 0;
}

k_and_r(x, y)
	double y;
{
	puts("k_and_r");
	return x + (int)y;
}

;
static int after_semicolon(void) { return puts("after_semicolon"); }

static unsigned long bound(int n)
{
	typedef int type[n + 2];
	puts("bound");
	return sizeof(type);
}

static int local_type(int x)
{
	struct
	{
		int a : 7;
	}v;
	v.a = x;
	puts("local_type");
	return v.a;
}

static int typeof_argument(int n, ...)
{
	struct { char c[3]; } triple;
	__builtin_va_list list;
	__builtin_va_start(list, n);
	puts("typeof_argument");
	triple = __builtin_va_arg(list, __typeof__(triple));
	__builtin_va_end(list);
	return triple.c[2];
}

int main(void)
{
	struct { char c[3]; } triple = {{1, 2, 3}};
	printf("%d\n", typeof_argument(1, triple));
	printf("%d\n", local_type(5));
	printf("%s %s\n", __func__, __PRETTY_FUNCTION__);
	struct constant k = constant(3);
	struct constant k2 = k.a ? constant(4) : constant(5);
	printf("%d %d\n", use(constant(k.a), constant(6)), use(k, k2));
	printf("%d %d %s %zu\n", sum(large(1)), sum(large(2)) + sum(k.a ? large(3) : large(4)), __FUNCTION__, sizeof(__func__));
	printf("%d %d %d %lu\n", calls(), k_and_r(1, 2.0), after_semicolon() > 0, bound(20));
	return 0;
}

#include <stdio.h>
#include <stdlib.h>
static int g(int x) { puts("g"); return x + 1; }
int f(int n) { struct cD { char c; union { int i; double d; } u; }; typedef struct { int a, b; } P; enum { A = 3, B }; P p = { n, g(B) }; struct cD d = { 'x', { 5 } };
 struct { int q; } z; enum e2 { C = 9 } w = C;
 static struct Z { int k; } zz[2] = { { 1 }, { 2 } };
 zz[0].k += n;
 z.q = g(p.a) + g(A); printf("%d %d %d %d %d %d\n", p.a, p.b, z.q, d.c, w, zz[0].k); return (int)sizeof(struct cD) + (int)sizeof(P) + d.u.i; }
/* enumerators that depend on variables of the function, as in gnulib's dfa.c */
static int h(struct { int x; } const *unused, long *p, char b[7])
{
	enum { SIZE = sizeof *p, TWICE = 2 * SIZE, MINUS = -(int)sizeof b, LARGE = 1l << 40 } kept = TWICE;
	enum __attribute__((packed)) small { TINY = sizeof(char) } s = TINY;
	(void)unused;
	{ enum { ok = 1 / (int)!!(sizeof *p == 8) }; g(1); }
	{ enum { ok = 1 / (int)!!(sizeof(int) == 4) }; g(ok); }
	int r = g((int)*p) + SIZE + kept + MINUS;
	return r + g(TINY + s) + (LARGE > 5) + (int)sizeof s;
}
int main(void) { char buf[sizeof(int) * 4]; long l = 5; int c = f(4) + h(0, &l, buf); char b2[sizeof(c) + 2]; snprintf(buf, sizeof buf, "%d", c + f(2)); puts(buf); return sizeof b2; }

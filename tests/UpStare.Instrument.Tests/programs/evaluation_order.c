#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <alloca.h>
int g = 10; short gs = 3; int *gp = &g; int arr[10]; volatile int gv = 5; long gl = 7; unsigned char guc = 200;
struct S { int a, b; long c; }; struct S gsS = {1,2,3}; struct Big { int v[40]; };
int t(int x) { printf("t%d ", x); g += x; gs++; gl += 2; guc++; return x; }
int *tp(int *p, int k) { printf("p%d ", k); return p; }
struct S mk(int a) { printf("mk%d ", a); struct S s = {a, a+1, a+2}; return s; }
struct Big mkb(int a) { struct Big b; memset(&b, 0, sizeof b); b.v[3] = a; printf("mkb "); return b; }
int sumb(struct Big b, int k) { return b.v[3] + k; }
int sum3(int a, int b, int c) { printf("(%d,%d,%d) ", a, b, c); return a*100+b*10+c; }
int sums(struct S s, int k) { return s.a + s.b + k; }
typedef int (*fn)(int); fn getf(int k) { printf("getf%d ", k); return t; }
static int va(const char *f, ...) { va_list ap; int r = 0; va_start(ap, f); for (; *f; f++) { if (*f == 'd') r += va_arg(ap, int) + t(1); else r += (int)va_arg(ap, double); } va_end(ap); printf("va%d ", r); return r; }
static jmp_buf jb; static void thrower(int k) { if (k) longjmp(jb, k); }
static int tryit(int k) { volatile int st = 0; int r; if ((r = setjmp(jb)) == 0) { st = 1; thrower(k); st = 2; } else st += 10; printf("try%d/%d ", st, r); if (setjmp(jb)) { printf("again "); return st; } thrower(k); return st; }
static int al(int n) { char *p = alloca(n); memset(p, 'a', n); p[n-1] = 0; t(1); printf("%s ", p); return n; }
static int cg(int n) { static const void *const tab[] = { &&a, &&b, &&c }; int i = 0, r = 0; goto *tab[n % 3]; a: r += t(1); i++; if (i < 4) goto *tab[(n + i) % 3]; return r; b: r += t(20); i++; if (i < 4) goto *tab[(n+i) % 3]; return r; c: r += t(300); i++; if (i < 4) goto a; return r; }
static int sh(int x) { int r = x; { int x = t(r) + 1; { int x = t(5); r += x; } r += x; } return r + x; }
static int *keep; static int cl(int n) { int *p = (int[]){1, 2, t(3)}; struct S *s = &(struct S){ .b = t(n), .a = t(2) }; keep = p; t(0); return p[2] + s->a + s->b + keep[0]; }
static int dw(int n) { int i = 0, s = 0; do { if (i == 2) continue; s += t(i); if (s > 50) break; } while (t(++i) < n); return s; }
static int fo(int n) { int s = 0; for (int i = t(0); i < t(n); i += t(1)) { if (i == 1) continue; s += i; switch (t(i)) { case 0: s++; case 2: s += t(7); break; default: s--; continue; } s += 1000; } return s; }
static int se(int n) { int r = ({ int q = t(n); q * 2 + t(1); }); return r + ({ t(2); }) * 2; }
static const char *nm(int k) { printf("nm "); return k ? "yes" : "no"; }
static unsigned bf(int n) { struct { unsigned a : 3, b : 5; } x = { 1, 2 }; x.a = t(n); x.b += t(3); return x.a + x.b * 10; }
static long double ld(long double x) { return x + t(2); }
int kr(a, b) int a; char b; { return a + b + t(1); }
int main(void)
{
	int x = 1, i = 2; int *lp = &x; struct S s; int la[4] = {0};
	printf("%d\n", g + t(1)); printf("%d\n", g - t(1)); printf("%d\n", gs + t(1)); printf("%d\n", gs * t(2)); printf("%d\n", g < t(11)); printf("%ld\n", gl + t(1)); printf("%d\n", guc | t(1)); printf("%d\n", gv + t(4));
	printf("%ld\n", gl * t(1)); printf("%d\n", (g) + (t(1))); printf("%d\n", (int)gl + t(1)); printf("%d\n", -g + t(1)); printf("%d\n", g + 1 + t(1)); printf("%d\n", *gp + t(1)); printf("%d\n", x + (x = 5, t(1)) * 0 + x); printf("%d\n", *lp - t(1));
	printf("%ld\n", g + gl + t(1)); printf("%ld\n", gl == t(3)); printf("%d\n", (unsigned)g + t(1)); printf("%d\n", (g += 2) + t(1)); printf("%d\n", g++ + t(1)); printf("%d\n", g / t(2)); printf("%d\n", gsS.a + t(1));
	printf("=%d\n", sum3(t(1), t(2), t(3))); printf("=%d\n", sum3(i++, t(2), i)); printf("=%d\n", sum3(g, t(2), g)); printf("=%d\n", sums(mk(4), t(1))); printf("=%d\n", sumb(mkb(4), t(1)));
	arr[t(1)] = t(2); *tp(&arr[2], 1) = t(4); tp(arr, 2)[t(3)] = t(5); arr[g & 7] = t(1); gp[0] = t(3); *tp(&arr[5], 1) += t(4); arr[t(6)] -= t(1); g += t(2); x += t(3); x <<= t(1); arr[g & 3] += t(1);
	for (i = 0; i < 10; i++) printf("%d ", arr[i]); printf("g=%d x=%d\n", g, x);
	printf("%d\n", t(1) && t(0) && t(2)); printf("%d\n", t(0) || t(1) || t(2)); printf("%d\n", t(0) ? t(1) : t(2)); printf("%d\n", t(0) ?: t(5)); printf("%d\n", x && t(3)); printf("%s\n", t(1) ? nm(1) : "b"); printf("%d\n", (t(1), t(2), x));
	if (t(1) && (t(0) || t(2))) puts("if"); else if (t(3)) puts("elif"); if (t(0)) puts("no"); else if (!t(0) && getf(1)(3)) puts("yes");
	printf("%d\n", mk(3).b + mk(4).a); s = mk(7); printf("%d %ld\n", s.b, mk(9).c); printf("%d\n", getf(1)(t(4))); getf(2)(getf(3)(6)); printf("\n");
	printf("%d\n", va("did", t(1), 2.5, t(3))); printf("%d %d\n", tryit(0), tryit(5)); printf("%d\n", al(9)); printf("%d %d %d\n", cg(0), cg(1), cg(2)); printf("%d\n", sh(4)); printf("%d\n", cl(8)); printf("%d\n", dw(5)); printf("%d\n", fo(4)); printf("%d\n", se(3)); printf("%u\n", bf(5)); printf("%.2Lf\n", ld(2.5L)); printf("%d\n", kr(1, 'a'));
	int z[3] = { t(1), t(2), t(3) }; struct S zs = { .b = t(1), .a = t(2), .c = t(g & 1) }; const int cz = t(9), dz = cz + t(1); printf("%d %d %d %d %d\n", z[0] + z[2], zs.a, zs.b, cz, dz);
	x = t(3) + (i = t(4)) * t(5); printf("%d %d\n", x, i); while (t(x) > t(0) && --x > 20) if (x == 22) break; printf("%d\n", x); i = (x = t(2)) + x; printf("%d\n", i); la[x] = la[t(1)] = t(8); printf("%d %d\n", la[1], la[2]);
	switch (t(2)) { case 1: puts("1"); case 2: t(22); puts("2"); case 3 ... 5: puts("3"); break; default: puts("d"); }
	printf("%d %d\n", (int)strlen(nm(t(0))), abs(t(-4))); printf("%zu\n", sizeof(t(99))); (void)t(1), (void)(t(2) + t(3)); t(1) ? (void)t(5) : (void)t(6); puts("");
	int n = 3; duff: switch (n & 3) { case 3: t(3); case 2: do { t(2); case 1: t(1); } while (--n > 0); } if (n++ < 2 && t(n) < 1) goto duff;
	return t(42);
}

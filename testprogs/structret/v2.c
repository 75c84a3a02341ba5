/* As v1, but every function has a local variable more. */
#include "testprog.h"
#include <complex.h>

struct s1 {
	char a;
};
struct s3 {
	char a[3];
};
struct s8 {
	int a;
	float b;
};
struct s12 {
	float a, b, c;
};
struct s16 {
	double a;
	long b;
};
struct s16d {
	double a, b;
};
struct s24 {
	long a, b, c;
};
struct s80 {
	int a[20];
};
struct big {
	char a[3000];
};

#define RETURNS(T, name, value)                        \
	static __attribute__((noinline)) T name(int n) \
	{                                              \
		T result = value;                      \
		int extra = n;                         \
		gate(#name);                           \
		(void)extra;                           \
		return result;                         \
	}

RETURNS(struct s1, f1, ((struct s1){n}))
RETURNS(struct s3, f3, ((struct s3){{n, n + 1, n + 2}}))
RETURNS(struct s8, f8, ((struct s8){n, n + 0.5f}))
RETURNS(struct s12, f12, ((struct s12){n, n + 1, n + 2}))
RETURNS(struct s16, f16, ((struct s16){n, n + 1}))
RETURNS(struct s16d, f16d, ((struct s16d){n, n + 1}))
RETURNS(struct s24, f24, ((struct s24){n, n + 1, n + 2}))
RETURNS(struct s80, f80, ((struct s80){{n, [19] = n + 19}}))
RETURNS(struct big, fbig, ((struct big){{n, [2999] = n + 1}}))
RETURNS(long double, fld, ((long double)n / 3))
RETURNS(double complex, fdc, (n + 2.0 * n * I))
RETURNS(__int128, f128, (((__int128)n << 100) + n))
RETURNS(float, ff, (n / 4.0f))
RETURNS(_Bool, fb, (n != 0))
RETURNS(unsigned char, fuc, ((unsigned char)(n + 250)))

static struct s24 through(int n)
{
	return f24(n);
}

int main(void)
{
	struct s3 s3;
	struct s12 s12;
	struct s16 s16;
	struct s16d s16d;
	struct s24 s24;
	struct s80 s80;
	struct big big;
	struct s8 s8;
	__int128 i;

	begin();
	fact(f1(5).a == 5, "1 byte");
	s3 = f3(6);
	fact(s3.a[0] == 6 && s3.a[2] == 8, "3 bytes");
	s8 = f8(7);
	fact(s8.a == 7 && s8.b == 7.5f, "int and float");
	s12 = f12(8);
	fact(s12.a == 8 && s12.b == 9 && s12.c == 10, "three floats");
	s16 = f16(9);
	fact(s16.a == 9 && s16.b == 10, "double and long");
	s16d = f16d(10);
	fact(s16d.a == 10 && s16d.b == 11, "two doubles");
	s24 = through(11);
	fact(s24.a == 11 && s24.b == 12 && s24.c == 13, "24 bytes in memory, through two frames");
	s80 = f80(12);
	fact(s80.a[0] == 12 && s80.a[1] == 0 && s80.a[19] == 31, "80 bytes in memory");
	big = fbig(13);
	fact(big.a[0] == 13 && big.a[2999] == 14, "3000 bytes in memory");
	fact(fld(14) == (long double)14 / 3, "long double");
	fact(fdc(15) == 15 + 30 * I, "complex double");
	i = f128(16);
	fact((long)(i >> 100) == 16 && (long)i == 16, "128 bits");
	fact(ff(17) + f8(1).b == 17 / 4.0f + 1.5f, "floats inside an expression");
	fact(fb(18), "bool");
	fact(fuc(10) == 4, "a narrow type wraps");
	printf("v2 ends\n");
	return failures;
}

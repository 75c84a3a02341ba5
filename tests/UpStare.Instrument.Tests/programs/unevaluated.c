/* Names of variables where nothing is evaluated: they have other names in transformed text, or none. */
#include <stdio.h>

typedef __int128 wide __attribute__((aligned(8))); /* as PostgreSQL's int128 */
typedef int spaced __attribute__((aligned(16)));
typedef struct {
	int a, b;
} far __attribute__((aligned(32)));

static int trace;

static int step(int n)
{
	printf("%d:%d ", trace++, n);
	return n;
}

/* Written, so that it is shared with the function's later versions. */
static unsigned long asserted(int n)
{
	static unsigned long position = 3;
	static int list[4];
	int array[4] = {n};

	step(n);
	_Static_assert(__builtin_types_compatible_p(__typeof__(position), unsigned long), "type");
	position += ((void)({
			     do {
				     _Static_assert(__builtin_types_compatible_p(__typeof__(position), unsigned long) &&
							    sizeof(list) == 16,
						    "type");
			     } while (0);
			     1;
		     }),
		     (unsigned)(position >> 1));
	list[0] += step(__builtin_types_compatible_p(__typeof__(position), unsigned long) + array[0]);
	{
		struct inner {
			short s[3];
		};
		_Static_assert(sizeof(struct inner) == 6 && _Alignof(__typeof__(array)) == 4, "inner");
		struct inner x = {{1, 2, 3}};
		step(x.s[2]);
	}
	return position + list[0];
}

static long aligned(int n)
{
	int i = 0;
	wide value = n;
	char c = 'a';
	spaced apart = n;
	far away = {n, 2};
	wide list[2] = {n, 3};

	for (i = 0; i < 3; i++) {
		value = value * 1000000007 + step(i);
		apart += step(c);
		away.b += apart;
		list[1] += away.b;
	}
	return (long)(value >> 8) + apart + away.b + (long)list[1] + ((unsigned long)&away % 32) +
	       ((unsigned long)&apart % 16);
}

/* In a declarator's bound, a cast, a type; hidden by an automatic variable; and in a function without points. */
static unsigned long bounds(int n)
{
	static char known[] = "hjlLtz";
	static unsigned char warned[sizeof(known) - 1];
	unsigned char seen[sizeof(known) - 1];
	__typeof__(known) copy = "copied";
	char(*row)[sizeof(known)] = (char(*)[sizeof known])known;

	for (unsigned i = 0; i < sizeof(seen); i++)
		seen[i] = (unsigned char)step(n + (int)i);
	warned[n] += seen[1];
	{
		long known = step(7);
		char other[sizeof(known)];

		other[0] = (char)known;
		n += (int)sizeof(other) + other[0];
	}
	known[0]++;
	return sizeof(seen) + warned[0] + (unsigned long)copy[1] + (unsigned long)(*row)[0] + (unsigned long)n;
}

static unsigned long pointless(const char *s)
{
	static char last[] = "none";
	char kept[sizeof(last) + 1] = "";
	__typeof__(last) next;

	for (unsigned i = 0; i < sizeof(next); i++) {
		next[i] = s[i];
		kept[i] = last[i];
		last[i] = next[i];
	}
	return sizeof(kept) + (unsigned long)kept[0];
}

int main(void)
{
	for (int i = 0; i < 3; i++) {
		printf("%lu\n", asserted(i));
		printf("%ld\n", aligned(i));
		printf("%lu %lu\n", bounds(i), pointless("text") + pointless("next"));
	}
	return 0;
}

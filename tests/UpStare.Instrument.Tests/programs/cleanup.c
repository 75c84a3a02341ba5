/* attribute cleanup: each way out of a scope calls the functions of its variables, the last variable's first, and an
 * update none. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char trace[1 << 16];
static size_t traced;
static int calls;

static int point(int x)
{
	return x + (++calls & 0);
}

static void note(char kind, int x)
{
	traced += (size_t)snprintf(trace + traced, sizeof trace - traced, "%c%d ", kind, point(x));
}

static void show(const char *name)
{
	printf("%s: %s\n", name, trace);
	traced = 0;
	trace[0] = 0;
}

static void leave(volatile int *x)
{
	for (int i = 0; i < 2; i++)
		note('L', *x);
	*x = -1;
}

static int freed;

static inline void freep(void *p)
{
	freed += *(void **)p != NULL;
	free(*(void **)p);
}

/* clang would have nobody pass a const pointer's address here; gcc warns. */
static void release(char **text)
{
	note('R', **text);
}

/* No point of its own. */
static inline void count(int *x)
{
	freed += *x;
}

static void __attribute__((noinline)) restore(jmp_buf **b)
{
	note('J', *b != NULL);
}

#define LEAVE __attribute__((cleanup(leave)))
#define FREE __attribute__((__cleanup__(freep)))

static void through(int n)
{
	LEAVE int a = n, b = point(n + 1);
	int LEAVE c;

	c = point(n + 2);
	{
		LEAVE int d = n + 3;

		note('i', d);
	}
	note('t', a + b + c);
}

static int value(int n)
{
	LEAVE int a = point(n);
	FREE char *text = malloc(16);

	snprintf(text, 16, "%d", a);
	if (n & 1)
		return a;
	if (n & 2)
		return point(a) + 10;
	return atoi(text) + 100;
}

struct big {
	int a[40];
	char tag;
};

static struct big aggregate(int n)
{
	LEAVE int x = n;
	struct big b = {{n, point(n)}, 'b'};

	b.a[39] = x;
	return b;
}

static const char *text(int n)
{
	LEAVE int x = n;
	__attribute__((cleanup(release))) const char *name = "name";

	if (n)
		return n > 1 ? "more" : "one";
	return 0;
}

static void loops(int n)
{
	for (LEAVE int i = 0; i < n; i++) {
		LEAVE int a = 10 + i;

		if (i == 1)
			continue;
		if (i == 3)
			break;
		note('b', point(a));
	}
	for (int i = 0; point(i) < n; i += point(1)) {
		LEAVE int a = 20 + i;
		LEAVE int b = 30 + i;

		if (i == 1)
			continue;
		if (i == 3)
			break;
	}
	int k = 0;
	do {
		LEAVE int a = 40 + k;

		if (k == 1)
			continue;
		note('d', a);
	} while (point(++k) < 3);
	while (point(k--) > 0) {
		LEAVE int a = 50 + k;

		switch (point(k)) {
		case 0: {
			LEAVE int b = 60;

			note('s', b);
			break;
		}
		case 1:
			continue;
		default:;
			LEAVE int c = 70;

			if (point(c))
				break;
			note('n', c);
		}
		note('w', a);
	}
}

static int jumps(int n)
{
	int turn = 0;
again:;
	LEAVE int a = 10 + turn;

	if (++turn < n)
		goto again;
	{
		LEAVE int b = 20;
		{
			LEAVE int c = 30;

			if (n == 2)
				goto inside;
			if (n == 3)
				goto out;
			note('c', c);
		}
	inside:
		note('b', point(b));
		if (n == 4)
			return a;
	}
out:
	note('o', a);
	return turn;
}

/* The target is not known: gcc calls nothing. */
static void computed(int n)
{
	static void *const to[] = {&&first, &&second};
	LEAVE int a = n;
	{
		LEAVE int b = n + 1;

		note('b', b);
		goto *to[point(n) & 1];
	}
first:
	note('f', a);
	return;
second:
	note('s', a);
}

static void entered(int *x)
{
	(void)x;
	note('E', 0);
}

/* A scope that is entered behind the declaration is left all the same. */
static void enters(int n)
{
	switch (n) {
	case 1:;
		__attribute__((cleanup(entered))) int a = point(n);

		note('1', a);
		break;
	case 2:
		note('2', n);
	}
	if (n == 3)
		goto inside;
	{
		__attribute__((cleanup(entered))) int b = n;

		if (n == 1)
			return;
	inside:
		note('i', n);
	}
}

static int expression(int n)
{
	int s = 0;

	for (int i = 0; i < n; i++) {
		s += ({
			LEAVE int a = i;

			if (i == 1)
				continue;
			if (i == 3)
				break;
			point(a) * 2;
		});
		s += i + ({
				 LEAVE int a = 5;
				 LEAVE int b = point(6);
				 a + b;
			 }) * point(2);
		(void)({
			FREE char *p = malloc(1);
			p != NULL;
		});
	}
	int early = ({
		LEAVE int a = 9;

		if (n > 4)
			return s;
		a;
	});
	return s + early;
}

/* The variable is hidden where its scope is left. */
static int hidden(int n)
{
	LEAVE int x = 1;
	int __attribute__((cleanup(count))) y = 2;

	for (int i = 0; i < n; i++) {
		char x[3] = {(char)point(4), 5, 6};
		long y = point(7);

		if (i == 2)
			return x[1] + (int)y;
	}
	return x;
}

/* Without a point in the whole scope. */
static int plain(int n)
{
	int __attribute__((cleanup(count))) a = n;

	if (n > 1) {
		int a = 3;

		return a;
	}
	return a + 1;
}

/* The initialiser leaves before the variable is there. */
static int before(int n)
{
	LEAVE int a = 1;
	LEAVE int b = ({
		if (point(n))
			return 5;
		2;
	});

	return a + b;
}

static jmp_buf jump;

static void deep(int n)
{
	LEAVE int a = n;

	if (n == 0)
		longjmp(jump, 1);
	deep(n - 1);
}

static int jumped(void)
{
	__attribute__((cleanup(restore))) jmp_buf *b = &jump;
	LEAVE volatile int x = 3;

	if (setjmp(*b) == 0) {
		deep(point(2));
		note('n', 0);
	}
	note('x', x);
	return x;
}

static long variable(int n)
{
	long s = 0;

	for (int i = 1; i < n; i++) {
		LEAVE int a = i;
		int v[point(i)];
		__attribute__((cleanup(freep))) char *p = malloc((size_t)i);

		memset(v, 0, sizeof v);
		s += point((int)sizeof v) + v[i - 1];
		if (i == 3)
			break;
	}
	return s;
}

static int recursive(int n)
{
	LEAVE int a = n;

	return n ? recursive(n - 1) + recursive(n / 2 - 1 < 0 ? 0 : n / 2 - 1) : point(1);
}

static void many(void)
{
	LEAVE int v1 = 1, v2 = 2, v3 = 3, v4 = 4, v5 = 5, v6 = 6, v7 = 7, v8 = 8, v9 = 9, v10 = 10, v11 = 11, v12 = 12,
		  v13 = 13, v14 = 14, v15 = 15, v16 = 16;
	LEAVE int w1 = 21, w2 = 22, w3 = 23, w4 = 24, w5 = 25, w6 = 26, w7 = 27, w8 = 28, w9 = 29, w10 = 30, w11 = 31,
		  w12 = 32, w13 = 33, w14 = 34, w15 = 35;

	note('m', v1 + w15);
}

int main(void)
{
	int n;

	through(1);
	show("through");
	n = value(1) + value(2) * 10 + value(4) * 100;
	printf("%d ", n);
	show("value");
	printf("%d %s %s %d ", aggregate(7).a[39] + aggregate(8).a[1], text(1), text(2), text(0) == NULL);
	show("aggregate");
	loops(5);
	show("loops");
	for (int i = 1; i < 6; i++)
		printf("%d ", jumps(i));
	show("jumps");
	computed(0);
	computed(1);
	show("computed");
	for (int i = 0; i < 4; i++)
		enters(i);
	show("enters");
	for (int i = 1; i < 6; i++)
		printf("%d ", expression(i));
	show("expression");
	printf("%d %d %d %d %d %d ", hidden(1), hidden(5), plain(1), plain(2), before(0), before(1));
	show("hidden");
	printf("%d ", jumped());
	show("jumped");
	printf("%ld %d ", variable(6), recursive(4));
	show("variable");
	many();
	show("many");
	printf("%d\n", freed);
	return 0;
}

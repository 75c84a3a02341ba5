/*
 * Hazard: an update inside one operand of an expression: what was evaluated before it must not be evaluated again, what
 * comes after it must be, in the order of the language: && || ?: comma, initialisers, arguments, loop conditions, for
 * steps, switch operands, compound assignments, statement expressions, sizeof (which evaluates nothing).
 */
#include "testprog.h"

static char trace[256];

/* Leaves a letter, and waits where it is asked to. */
static int t(int value, char letter, int wait)
{
	size_t n = strlen(trace);

	trace[n] = letter;
	if (wait)
		gate("in an operand");
	return value;
}

static int add3(int a, int b, int c)
{
	return a + 10 * b + 100 * c;
}

static void show(const char *what, int value)
{
	printf("v1: %s: %d [%s]\n", what, value, trace);
	memset(trace, 0, sizeof(trace));
}

static int switches(int x)
{
	switch (t(x, 's', 1)) {
	case 1:
		return 11;
	case 2:
		x += t(5, 'a', 1);
		/* fall through */
	case 3:
		return x + 30;
	default:
		return t(0, 'd', 0);
	}
}

int main(void)
{
	int a, b[4] = {0, 0, 0, 0}, i, sum;

	begin();
	a = t(1, 'a', 0) && t(2, 'b', 1) && t(0, 'c', 0) && t(1, 'd', 0);
	show("and", a);
	a = t(0, 'a', 0) || t(0, 'b', 1) || t(7, 'c', 1) || t(1, 'd', 0);
	show("or", a);
	a = t(0, 'a', 1) ? t(1, 'b', 0) : t(2, 'c', 1);
	show("conditional", a);
	a = (t(1, 'a', 1), t(2, 'b', 1), t(3, 'c', 0));
	show("comma", a);
	a = 5;
	a += t(6, 'a', 1);
	show("compound", a);
	i = 1;
	b[2] = b[1] + t(4, 'a', 1);
	show("store", b[2]);
	a = add3(1, t(2, 'a', 1), 3);
	show("arguments", a);
	a = add3(t(1, 'a', 0) && t(1, 'b', 1), 2, 3);
	show("conditions in arguments", a);
	sum = 0;
	for (i = t(0, 'i', 1); i < t(2, 'c', i == 1); i += t(1, 's', i == 0))
		sum += t(10, 'b', i == 1);
	show("for", sum);
	i = 2;
	while (t(i, 'w', i == 1))
		sum += i--;
	show("while", sum);
	do
		i++;
	while (t(i < 1, 'd', 1));
	show("do", i);
	a = switches(1);
	show("switch", a);
	a = switches(2);
	show("switch that falls through", a);
	a = switches(9);
	show("switch default", a);
	a = ({
		int x = t(3, 'a', 1);
		x *t(4, 'b', 1);
	});
	show("statement expression", a);
	a = sizeof(t(1, 'z', 1)) + t(1, 'a', 1);
	show("sizeof", a);
	{
		int list[] = {1, t(2, 'b', 1), 3};
		struct {
			int x, y;
		} pair = {.y = t(4, 'd', 1), .x = 1};

		show("initialisers", list[0] + list[1] + list[2] + pair.x * pair.y);
	}
	a = add3(add3(t(1, 'a', 1), 0, 0), 2, add3(0, 3, 0));
	show("nested calls", a);
	return failures;
}

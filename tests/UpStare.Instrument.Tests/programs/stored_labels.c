/* Addresses of labels that are kept: on the heap, in static variables, as offsets, from one call to the next. */
#include <stdio.h>
extern int step(int);
/* direct threaded: labels in memory that lives on */
struct op { const void *code; int arg; };
static const void **table;
static long run(struct op *p, long acc)
{
	static const void *const labels[] = {&&add, &&mul, &&loop, &&stop};
	static int turns;
	if (!p) { table = (const void **)labels; return 0; }
	turns = 0;
	goto *p->code;
add:	acc += step(p->arg); p++; goto *p->code;
mul:	acc *= p->arg; step(acc & 7); p++; goto *p->code;
loop:	if (++turns < p->arg) { p -= 2; goto *p->code; } p++; goto *p->code;
stop:	return acc + turns;
}
int step(int n) { printf("%d ", n); return n; }
/* protothread, no calls */
static int proto(void **state)
{
	int n = 0;
	if (*state) goto *(*state);
	*state = &&second; return 1;
second: n++; *state = &&third; return 2 + n;
third: *state = 0; return 9;
}
/* table that is copied from, offsets */
static int offsets(int n)
{
	const long off[] = { &&b - &&a, &&c - &&a, 0 };
	int s = 0;
again:
	step(n);
	goto *(&&a + off[n]);
a:	return s + 1;
b:	s += step(10); n = 1; goto again;
c:	s += step(20); n = 2; goto again;
}
static int local(int n)
{
	void *where[2] = {&&x, &&y};
	void *next = where[n & 1];
	int s = step(n);
	goto *next;
x:	s += step(1); next = where[1]; if (s < 20) goto *next; return s;
y:	s += step(2); next = where[0]; goto *next;
}
static int fast(const unsigned char *p)
{
	static const void *const ops[] = { &&add, &&stop };
	int s = 0;
	goto *ops[*p++];
add:	s += step(*p++); goto *ops[*p++];
stop:	return s;
}
int main(void)
{
	run(0, 0);
	struct op prog[] = {{table[0], 3}, {table[1], 2}, {table[2], 4}, {table[0], 1}, {table[3], 0}};
	void *state = 0;
	for (int i = 0; i < 4; i++) {
		printf("= %ld\n", run(prog, i));
		printf("%d %d\n", proto(&state), i);
		printf("= %d\n", offsets(0));
		printf("= %d\n", local(i));
		printf("= %d\n", fast((const unsigned char *)"\0\5\0\7\1"));
	}
	return 0;
}

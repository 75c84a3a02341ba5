/*
 * Hazard: an interpreter whose programs are addresses of its labels, kept on the heap and in a static table: after an update they
 * have to lead into the new version's code, from the interpreter that was running and from those that are called later.
 * VERSION: 1, 2 (add counts double and says so).
 */
#include "testprog.h"

struct op {
	const void *code;
	int arg;
};

static const void *const *codes;

static int wait_at(int n)
{
	if (n == 7)
		gate("in the third op");
	return n;
}

static long run(const struct op *p, long acc)
{
	static const void *const table[] = {&&add, &&mul, &&stop};

	if (!p) {
		codes = table;
		return 0;
	}
	goto *p->code;
add:
#if VERSION == 2
	printf("v2 adds twice %d\n", p->arg);
#endif
	acc += VERSION * wait_at(p->arg);
	p++;
	goto *p->code;
mul:
	acc *= wait_at(p->arg);
	p++;
	goto *p->code;
stop:
	return acc;
}

int main(void)
{
	struct op *program = calloc(5, sizeof(*program));

	begin();
	run(NULL, 0);
	program[0] = (struct op){codes[0], 1};
	program[1] = (struct op){codes[1], 3};
	program[2] = (struct op){codes[0], 7};
	program[3] = (struct op){codes[1], 2};
	program[4] = (struct op){codes[2], 0};
	printf("first: %ld\n", run(program, 0));
	printf("second: %ld\n", run(program, 100));
	free(program);
	return 0;
}

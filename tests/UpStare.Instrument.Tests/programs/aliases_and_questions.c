/* What gcc's torture tests found: an alias of a static variable; builtins that only ask about their argument; a function whose
   address only unreachable code takes (it may name what does not exist); types without a blank before the brace. */
#include <stdio.h>
typedef struct{int a;}t;
static int counter=0;
extern int other __attribute__((alias("counter")));
int missing(void);
static inline int never(void) { extern int undefined_reference; return undefined_reference; }
static inline int unreachable(void) { return never == unreachable ? 1 : never(); }
__attribute__((noinline)) static int bump(int by) { other += by; puts("bump"); return counter; }
int constant(void) { return __builtin_constant_p(missing()) + __builtin_constant_p(bump(100)); }
int main(void)
{
	t v = { bump(1) };
	printf("%d %d\n", v.a, constant());
	printf("%d %d %d\n", bump(2) + bump(3), counter, (int)__builtin_object_size(&v + bump(7), 2));
	printf("%d\n", counter);
	return 0;
}

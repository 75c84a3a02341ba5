/* As v1, with new bodies. */
#include "testprog.h"

typedef const char *handler(void);

static const char *get(void)
{
	return "get v2";
}

static const char *put(void)
{
	return "put v2";
}

const char *shared_handler(void)
{
	return "shared v2";
}

static handler *const handlers[] = {get, put};

struct object {
	handler *method;
	void (*done)(struct object *);
	int calls;
};

static void object_done(struct object *o)
{
	printf("v2: object done after %d calls\n", o->calls);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

static void at_end(void)
{
	printf("v2: end\n");
}

static void use(struct object *o, handler *local)
{
	int v[] = {3, 1, 2};

	qsort(v, 3, sizeof(v[0]), compare);
	printf("%s, %s, %s, %s; sorted %d %d %d\n", handlers[0](), handlers[1](), o->method(), local(), v[0], v[1],
	       v[2]);
	fact(local == get && o->method == shared_handler, "addresses compare equal");
	o->calls++;
}

int main(void)
{
	struct object *o = malloc(sizeof(*o));
	handler *local = get;

	begin();
	atexit(at_end);
	*o = (struct object){shared_handler, object_done, 0};
	use(o, local);
	gate("addresses are held");
	use(o, local);
	o->done(o);
	free(o);
	return failures;
}

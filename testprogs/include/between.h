/*
 * Hazard: a function that stands between two on the stack is new: a wrapper (serve calls fetch, which calls take), code
 * that has become a function of its own (the loop of gather), and, in version 3, two wrappers. Back from version 2 they
 * have to go. What the versions print is the same.
 */
#include "testprog.h"

struct session {
	int id;
	long turns;
};

static int limit = 40;
static const char *last_name;

/* What blocks, in all versions. The text is the name and the number of the line. */
static int __attribute__((noinline)) take(const char *name, char *to, int size)
{
	static int taken;

	gate(name);
	last_name = name;
	return snprintf(to, (size_t)size, "%s %d", name, ++taken);
}

#if VERSION >= 2
/* To be filled: session and name from the caller's arguments, to and size from what take has, least from a global, more
 * from its declaration. */
static int __attribute__((noinline))
fetch(struct session *session, const char *name, char *to, const int size, int least)
{
	int more = 3, n;

	n = take(name, to, size);
	if (n < least)
		session->turns += more;
	session->turns++;
	return n;
}

static long __attribute__((noinline)) gather(struct session *session)
{
	long sum = 0;
	char line[16];

	for (int i = 1; i <= 3; i++)
		sum += i * take("gather", line, sizeof(line));
	session->turns++;
	return sum;
}
#endif
#if VERSION == 3
static int __attribute__((noinline)) fetch_line(const char *name, struct session *session, char *line, int size)
{
	int n = fetch(session, name, line, size, limit);

	return n < size ? n : -1;
}
#endif

static void __attribute__((noinline)) serve(struct session *session, const char *name)
{
	char line[16];
	int n;

#if VERSION == 1
	n = take(name, line, sizeof(line));
	if (n < limit)
		session->turns += 3;
	session->turns++;
#elif VERSION == 2
	n = fetch(session, name, line, sizeof(line), limit);
#else
	n = fetch_line(name, session, line, sizeof(line));
#endif
	printf("session %d: %s, %d bytes, %ld turns\n", session->id, line, n, session->turns);
}

static void __attribute__((noinline)) total(struct session *session)
{
#if VERSION == 1
	char line[16];
	long sum = 0;

	for (int i = 1; i <= 3; i++)
		sum += i * take("gather", line, sizeof(line));
	session->turns++;
	printf("session %d: %ld bytes\n", session->id, sum);
#else
	printf("session %d: %ld bytes\n", session->id, gather(session));
#endif
}

int main(void)
{
	struct session session = {.id = 7};

	begin();
	for (int i = 0; i < 3; i++) {
		serve(&session, i == 1 ? "middle" : "serve");
		limit = i == 0 ? 2 : 40; /* longer than no line */
	}
	total(&session);
	fact(strcmp(last_name, "gather") == 0, "last of all");
	printf("v%d ends\n", VERSION);
	return failures;
}

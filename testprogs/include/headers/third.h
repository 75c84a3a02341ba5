/* A header that gcc takes for a system's, as -isystem and CMake's imported targets make them; what it declares is the program's. */
#pragma GCC system_header

int third_answer(int);

extern int third_calls;

/* State in a header: each file that includes it has its own. */
static int third_seen;

static int third_count(void)
{
	static int count;

	third_seen += 10;
	return ++count;
}

/* What a macro of such a header writes down stands in the program's file. */
#define THIRD_COUNTER(name) \
	static int name(void) \
	{ \
		static int name##_count = 100; \
		return ++name##_count; \
	}

/* The library's interface: the same in both versions. */
typedef long (*visit_fn)(void *state, int depth);

struct summary {
	long calls, sum;
	const char *version;
};

extern int count_visits;   /* the library's, read and written by the program */
extern visit_fn count_hook; /* the library's, called by it, replaced by the program */

long count_walk(int depth, visit_fn visit, void *state);
long count_standard(void *state, int depth);
visit_fn count_private(void);
struct summary count_summary(void);
const char *count_name(void);

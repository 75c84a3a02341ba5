/* What plug-ins see of the program, and what it asks of them. */
long host_log(const char *who, int depth); /* prints; at depth 0 the program waits at a gate */
extern int host_lines;
typedef long (*run_fn)(int depth);

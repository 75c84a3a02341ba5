/* The library's interface. */
typedef int (*before_fn)(int a, int b);
int sorting_run(int *values, int n, before_fn before);

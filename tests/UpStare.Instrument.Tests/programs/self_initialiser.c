#include <stdio.h>
#include <stdlib.h>
struct n { int a; struct n *next; };
static void *mk(size_t k, void *p) { printf("%zu %d\n", k, p != 0); return malloc(k); }
int main(void) { struct n *x = mk(sizeof(*x), 0); const struct n *const y = mk(sizeof *y * 2, &y); struct n z = { 1, mk(3, &z) }; int q = 4, *w = mk(sizeof *w, &q); *w = 3; printf("%d %d %d\n", z.a, z.next != 0, *w); free(x); return y == 0; }

/* As v1, but with variables more, before the others, and another order of the struct-free ones. */
#include "testprog.h"

struct node {
	struct node *next;
	int value;
	char name[20];
};

static struct node *global_head;
static char *global_cursor;

static int inner(struct node *outer_node, int *counter)
{
	int extra = 5;
	struct node mine = {outer_node, 3, "inner"};
	char buffer[64] = "0123456789";
	char *middle = buffer + 4;
	int sum = 0;
	char more[32] = "more";

	global_head = &mine;
	global_cursor = buffer + 7;
	++*counter;
	gate("addresses are held");
	*global_cursor = '!';
	outer_node->value += 100;
	++*counter;
	for (struct node *n = global_head; n; n = n->next)
		sum += n->value + 0 * extra;
	printf("v2: %s %s %s\n", buffer, middle, mine.name);
	fact(global_head == &mine && mine.next == outer_node, "pointers lead to the variables");
	global_cursor = more;
	return sum;
}

static int outer(void)
{
	int counter = 40;
	struct node *heap = malloc(sizeof(*heap));
	struct node here = {heap, 2, "outer"};
	int sum, array[16], *where = &array[5];

	for (int i = 0; i < 16; i++)
		array[i] = i * i;
	*heap = (struct node){NULL, 1, "heap"};
	global_head = &here;
	sum = inner(&here, &counter);
	fact(counter == 42, "a counter was stepped through its address");
	fact(*where == 25 && array[15] == 225, "an array kept its contents");
	fact(here.value == 102 && !strcmp(here.name, "outer"), "a struct was changed through its address");
	free(heap);
	global_head = NULL;
	return sum;
}

int main(void)
{
	begin();
	printf("sum %d\n", outer());
	return failures;
}

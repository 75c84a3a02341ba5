/* Hazard: a program that writes what it does over its arguments, as daemons do: its name is gone from there. */
#include "testprog.h"

int main(int argc, char **argv)
{
	size_t room = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]);

	begin();
	memset(argv[0], '-', room);
	gate("title is set");
	return 0;
}

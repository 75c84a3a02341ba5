#include "statics.h"

static int hidden = 500;
static int steps(void)
{
	static int count = 50;

	return ++count;
}

int other_steps(void)
{
	return steps();
}

int other_part(void)
{
	return hidden++;
}

const char *other_text(void)
{
	static char text[8];
	static int at;

	text[at] = 'a' + at;
	at++;
	return text;
}

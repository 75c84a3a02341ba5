#include "headers/third.h"

int third_calls;

int third_answer(int x)
{
	third_calls++;
	return x + 1000 * VERSION;
}

#include "leaving/part.h"

int part(int i)
{
	return i + VERSION;
}

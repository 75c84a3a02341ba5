#include "testprog.h"

#define VERSION "v1"

int main_part(void);
int other_steps(void);
int other_part(void);
const char *other_text(void);

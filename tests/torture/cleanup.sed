# For csmith.sh: gives the integer variables of a program's functions an attribute cleanup, whose function counts into a sum that is
# printed at the end. With gcc's order of calls and each made once the sum is the plain program's.
/^#include "csmith\.h"/a\
#include <stdio.h>\
static unsigned long cleaned_sum;\
static __attribute__((noinline)) void cleaned(const volatile void *p)\
{\
	cleaned_sum = cleaned_sum * 31 + *(const volatile unsigned char *)p + 1;\
}\
static __attribute__((destructor)) void print_cleaned(void)\
{\
	printf("cleaned = %lx\\n", cleaned_sum);\
}
s/^( +)((const |volatile )*u?int(8|16|32|64)_t l_[0-9]+(\[[0-9]+\])* = )/\1__attribute__((cleanup(cleaned))) \2/

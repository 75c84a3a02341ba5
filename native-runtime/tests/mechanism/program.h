#ifndef PROGRAM_H
#define PROGRAM_H

typedef _Bool bool_t;
enum { WAIT_READ, WAIT_MUTEX, WAIT_CONDITION, WAIT_SLEEP };

#endif

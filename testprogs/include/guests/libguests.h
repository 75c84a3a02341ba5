/* A library that makes threads, as GLib and libuv do; gcc builds it. All signals are blocked in them. */
#ifndef LIBGUESTS_H
#define LIBGUESTS_H
#include <pthread.h>

/* A thread that runs a function of the program's. */
pthread_t guest_start(void (*run)(void *), void *argument);
/* A thread that waits for any signal, and its end: the signal that it was sent. */
pthread_t guest_of_signals(void);
int guest_signalled(pthread_t, int signal);
/* A thread that waits for work; no more than one. */
void pool_start(void);
void pool_push(void (*work)(void *), void *argument);
/* Waits until the work is done, and ends the thread. How often a wait of it has ended although nobody woke it. */
int pool_end(void);

#endif

/* The library's interface. */
#include <pthread.h>
#include <sys/types.h>

ssize_t tail_read(int fd, void *to, size_t size);
int tail_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int tail_call(int (*function)(int), int argument);

/* A library that is not built with upstare-cc: an event loop, as libevent is. */
int loop_run(int fd, int (*on_line)(const char *line, void *argument), void *argument);
int loop_lines(void);

#include <pthread.h>
/* Sets *flag and signals, as code that was built by another compiler does it. */
void loop_signal(pthread_mutex_t *, pthread_cond_t *, int *flag);

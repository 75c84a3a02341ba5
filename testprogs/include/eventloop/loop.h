/* A library that is not built with upstare-cc: an event loop, as libevent is. */
int loop_run(int fd, int (*on_line)(const char *line, void *argument), void *argument);
int loop_lines(void);

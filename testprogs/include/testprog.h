/*
 * What the test programs share. A program prints one line per fact and is the same from run to run. At a gate it waits
 * for a line on its input, which is where a test updates it; with no input (</dev/null) it runs through alone.
 */
#ifndef TESTPROG_H
#define TESTPROG_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A reader on a pipe sees each line as soon as it is written. */
static void __attribute__((unused)) begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* read(2) and not stdio: a thread that waits here is in a blocking call that an update can interrupt. */
static void __attribute__((unused)) gate(const char *name)
{
	char c;

	printf("gate %s\n", name);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

/* One line per fact; a false one makes the program fail. */
static int __attribute__((unused)) failures;

static void __attribute__((unused)) fact(int holds, const char *text)
{
	printf("%s: %s\n", text, holds ? "yes" : "NO");
	if (!holds)
		__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

static void __attribute__((unused)) pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* The time of day that long after now. */
static struct timespec __attribute__((unused)) in_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* What a program cannot go on without, and does not test. */
static void __attribute__((unused)) need(int holds, const char *what)
{
	if (!holds) {
		perror(what);
		exit(2);
	}
}

#endif

/*
 * A core for the tests of the control channel: a "patch" is a text, "exit N" makes check and apply return N (2 with an
 * obstacle), "slow MS" takes so long, anything else is for another program.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/core.h"
#include "../../src/json.h"

static int applied;

int upstare_core_status(struct upstare_json *j)
{
	const char *version = getenv("FAKE_VERSION");

	upstare_json_string(j, "version", version ? version : "0123456789abcdef");
	upstare_json_int(j, "updates", applied);
	upstare_json_string(j, "blocking", "kick");
	upstare_json_begin_array(j, "threads");
	upstare_json_begin_object(j, NULL);
	upstare_json_int(j, "tid", getpid());
	upstare_json_string(j, "state", "running");
	upstare_json_string(j, "function", "main");
	upstare_json_string(j, "file", "fake \"core\".c");
	upstare_json_int(j, "line", 7);
	upstare_json_end(j);
	upstare_json_end(j);
	return 0;
}

static int act(const void *patch, size_t size, unsigned timeout_ms, struct upstare_json *j)
{
	char text[64] = "";
	int n;

	memcpy(text, patch, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
	upstare_json_int(j, "patch_size", (long long)size);
	upstare_json_int(j, "timeout_ms", timeout_ms);
	if (sscanf(text, "slow %d", &n) == 1) {
		usleep((useconds_t)n * 1000);
		upstare_json_string(j, "message", "done, slowly");
		return 0;
	}
	if (sscanf(text, "exit %d", &n) != 1) {
		upstare_json_string(j, "message", "the patch is not for this program");
		return 3;
	}
	upstare_json_string(j, "message", n == 0 ? "done" : n == 2 ? "no safe state" : "failed");
	if (n == 2) {
		upstare_json_begin_array(j, "obstacles");
		upstare_json_begin_object(j, NULL);
		upstare_json_int(j, "pid", getpid());
		upstare_json_int(j, "tid", getpid());
		upstare_json_string(j, "function", "compare");
		upstare_json_string(j, "file", "sort.c");
		upstare_json_int(j, "line", 42);
		upstare_json_string(j, "why", "called by a library (qsort)");
		upstare_json_end(j);
		upstare_json_end(j);
	}
	return n;
}

int upstare_core_check(const void *patch, size_t size, unsigned timeout_ms, struct upstare_json *j)
{
	return act(patch, size, timeout_ms, j);
}

int upstare_core_apply(const void *patch, size_t size, unsigned timeout_ms, struct upstare_json *j)
{
	int result = act(patch, size, timeout_ms, j);

	applied += result == 0;
	return result;
}

int upstare_core_history(struct upstare_json *j)
{
	int i;

	upstare_json_begin_array(j, "history");
	for (i = 0; i < applied; i++) {
		upstare_json_begin_object(j, NULL);
		upstare_json_string(j, "from", "0123456789abcdef");
		upstare_json_string(j, "to", "fedcba9876543210");
		upstare_json_int(j, "when", 1700000000 + i);
		upstare_json_double(j, "pause_us", 123.5);
		upstare_json_string(j, "description", "fake");
		upstare_json_end(j);
	}
	upstare_json_end(j);
	return 0;
}

int upstare_core_thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	pthread_t thread;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 512 * 1024);
	result = pthread_create(&thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return result;
}

int upstare_core_call_signal(void)
{
	return 0;
}

bool upstare_core_may_start_thread(const void *context)
{
	return context != NULL;
}

void upstare_log(const char *format, ...)
{
	va_list list;

	if (!getenv("FAKE_LOG"))
		return;
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

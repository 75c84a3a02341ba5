/*
 * A program with a control channel and nothing behind it. Prints a line once it listens, and ends when its standard input
 * does. "fork" makes it a tree of two; FAKE_*_MS shorten what a client is allowed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "../../src/control/channel.h"
#include "../../src/control/control.h"

static void limit(const char *name, long *value)
{
	const char *text = getenv(name);

	if (text)
		*value = atol(text);
}

static int wait_for_listener(bool tcp)
{
	int i;

	for (i = 0; i < 500; i++) {
		if (upstare_listen_name(0) && (!tcp || upstare_listen_name(1)))
			return 1;
		usleep(10000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *wanted = getenv("UPSTARE_LISTEN");
	bool tcp = wanted && strchr(wanted, ':') && !strchr(wanted, '/');
	char byte;

	limit("FAKE_HEADER_MS", &upstare_control_header_ms);
	limit("FAKE_SILENCE_MS", &upstare_control_silence_ms);
	if (upstare_control_start())
		return 1;
	wait_for_listener(tcp && !getenv("FAKE_NO_TCP"));
	if (argc > 1 && !strcmp(argv[1], "fork") && fork() == 0) {
		upstare_control_forked();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		upstare_control_start();
		pause();
	}
	printf("pid=%d socket=%s tcp=%s\n", getpid(), upstare_listen_name(0) ? upstare_listen_name(0) : "",
	       upstare_listen_name(1) ? upstare_listen_name(1) : "");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	upstare_control_stop();
	return 0;
}

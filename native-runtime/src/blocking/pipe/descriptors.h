/* The pipes of UPSTARE_BLOCKING=self-pipe, for the parts of the runtime that raise and lower them. */
#ifndef UPSTARE_PIPE_DESCRIPTORS_H
#define UPSTARE_PIPE_DESCRIPTORS_H

#include "pipe.h"

/* Changes with each raising of the process's own pipe, and is a futex then: for waits on several futexes. */
extern hidden uint32_t upstare_pipe_bell;

/* Reads UPSTARE_BLOCKING; the first thing, so that the program's descriptors have the numbers that they have without us. */
hidden void upstare_pipe_init(void);
/* The reading end of the process's own pipe, made (again) where there is none; -1: it cannot be. */
hidden int upstare_pipe_own(void);
hidden int upstare_pipe_own_if_any(void);
/* The program has taken the pipe before, without anybody seeing it: it is looked at before each wait. */
extern hidden bool upstare_pipe_doubt;
/* The number only: it may have become another file's. */
hidden int upstare_pipe_unseen(void);
/* A thread has seen the writing end of it close. */
hidden void upstare_pipe_own_lost(void);
/* tee of a byte from fd, if there is one, into our own pipe, which gives it back. As the kernel; 0 also where we have none. */
hidden long upstare_pipe_tee(int fd);
/* The lock is held. */
hidden void upstare_pipe_raise(void);
hidden void upstare_pipe_lower(void);
/* Before the first fork of a tree. */
hidden void upstare_pipe_make_tree(void);
/* The reading end of the pipe by which the leader calls; -1: it is lost. */
hidden int upstare_pipe_tree(void);
hidden void upstare_pipe_tree_lost(void);
/* The leader's. false: the pipe is lost. */
hidden bool upstare_pipe_call_tree(void);
hidden void upstare_pipe_call_tree_off(void);
/* In a child: what is its parent's is closed. */
hidden void upstare_pipe_forked(void);

#endif

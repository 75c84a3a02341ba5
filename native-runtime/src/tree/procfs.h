/* What the kernel says about a process, which nobody on the board can forge. */
#ifndef UPSTARE_PROCFS_H
#define UPSTARE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>

struct upstare_process {
	char state;         /* R S D T t Z X; 0: not known (no /proc here) */
	bool catches_kick;  /* it has a handler for the kick's signal */
	bool filtered;      /* a seccomp filter is in force, or it is not known that none is */
	bool same_program;  /* it runs our executable, as far as we may know */
	int parent;
	int uid;            /* the real one */
	int effective_uid;
	int inner_pid;      /* its number in its own pid namespace */
};

/* false: there is no such process (a zombie is one). */
__attribute__((visibility("hidden"))) bool upstare_process_read(int pid, struct upstare_process *);
/* As kill(2) has it; true where there is no /proc to tell. */
__attribute__((visibility("hidden"))) bool upstare_process_may_signal_us(int pid);
/* The child of a process whose number in its own pid namespace is inner; 0: none. */
__attribute__((visibility("hidden"))) int upstare_process_child(int pid, int inner);

#endif

/*
 * What a child writes to just after fork, kept together: each page that it writes to is copied, and a server that forks for each
 * client pays that every time. What it runs stands together too (runtime.ld).
 */
#ifndef UPSTARE_CHILD_H
#define UPSTARE_CHILD_H

/* Variables; all of them have room in the alignment that the section is given (CMakeLists.txt). */
#define UPSTARE_CHILD_DATA __attribute__((section(".data.upstare_child")))

#endif

/* What stands for the control thread until somebody connects. */
#ifndef UPSTARE_DOORBELL_H
#define UPSTARE_DOORBELL_H

#include <stdbool.h>

/* For the listeners that are open: answer is called, once, when somebody connects. False: the thread has to be started now. */
bool upstare_doorbell_hang(int (*answer)(void));
/* From the handler of the call's signal: by_client: the kernel says that somebody connects. context: the interrupted thread's. */
void upstare_doorbell_kicked(bool by_client, const void *context);
/*
 * Before an exec, and if it failed: a signal that comes when the handlers are gone would end the new program. The caller makes a
 * system call in between, so that what is pending is delivered.
 */
void upstare_doorbell_mute(void);
void upstare_doorbell_unmute(void);
/* In a child: the listeners are its parent's. */
void upstare_doorbell_forget(void);

#endif

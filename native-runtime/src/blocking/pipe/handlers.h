/* The program's changes to its handlers, which waits have to know of. */
#ifndef UPSTARE_PIPE_HANDLERS_H
#define UPSTARE_PIPE_HANDLERS_H

#include "../../internal.h"

hidden void upstare_pipe_handlers_changed(void);

#endif

/*
 * Two unwinders. Walks of stacks use the runtime's own copy of gcc's (libgcc_eh.a, CMakeLists.txt), so that programs need no libgcc_s.so:
 * what that maps is copied at each fork. A thread that is cancelled is unwound by libgcc_s.so, which libc loads for it; what our
 * frames with clean-ups are called with then, and what they call, has to be that one's.
 */
#include "internal.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#define LIBGCC "libgcc_s.so.1"

static int is_libgcc(struct dl_phdr_info *info, size_t size, void *path)
{
	const char *base = strrchr(info->dlpi_name, '/');
	(void)size;
	return base && strcmp(base + 1, LIBGCC) == 0 && snprintf(path, PATH_MAX, "%s", info->dlpi_name) < PATH_MAX;
}

/* NULL: the process does not have it. By the name that it was loaded by: for another dlopen looks at files, which a filter may forbid. */
static void *of_libgcc(const char *name)
{
	char path[PATH_MAX];
	void *library = dl_iterate_phdr(is_libgcc, path) ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	return library ? dlsym(library, name) : NULL;
}

static bool tell_libgcc(const char *name, void *eh_frame)
{
	void (*theirs)(void *) = (void (*)(void *))of_libgcc(name);
	if (theirs)
		theirs(eh_frame);
	return theirs != NULL;
}

bool upstare_libgcc_register(void *eh_frame)
{
	return tell_libgcc("__register_frame", eh_frame);
}

void upstare_libgcc_deregister(void *eh_frame)
{
	tell_libgcc("__deregister_frame", eh_frame);
}

/* Our copy's. */
extern void __register_frame(void *), __deregister_frame(void *);

/*
 * What code that is made at run time is registered by, if the program or a library of it does so: the executable has these two by libgcc's
 * names (CMakeLists.txt), and tells both unwinders.
 */
exported void upstare_register_frame(void *eh_frame) __attribute__((weak));
void upstare_register_frame(void *eh_frame)
{
	__register_frame(eh_frame);
	/* A program that calls it by itself would have had the library from the start. */
	if (!upstare_libgcc_register(eh_frame) && !upstare_filtered && dlopen(LIBGCC, RTLD_LAZY))
		upstare_libgcc_register(eh_frame);
}

exported void upstare_deregister_frame(void *eh_frame) __attribute__((weak));
void upstare_deregister_frame(void *eh_frame)
{
	__deregister_frame(eh_frame);
	upstare_libgcc_deregister(eh_frame);
}

/* Nobody can go on from the middle of unwinding. */
static void *while_it_unwinds(const char *name)
{
	void *found = of_libgcc(name);
	if (!found)
		abort();
	return found;
}

/* In place of __gcc_personality_v0, in the runtime's own frames (Itanium C++ ABI: Exception Handling, 2.5.2). */
hidden _Unwind_Reason_Code upstare_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class, struct _Unwind_Exception *e,
					       struct _Unwind_Context *context);
_Unwind_Reason_Code upstare_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class, struct _Unwind_Exception *e,
					struct _Unwind_Context *context)
{
	static _Unwind_Personality_Fn theirs;
	if (!theirs)
		theirs = (_Unwind_Personality_Fn)while_it_unwinds("__gcc_personality_v0");
	return theirs(version, actions, class, e, context);
}

/* In place of _Unwind_Resume, with which their clean-ups end. */
hidden void upstare_unwind_resume(struct _Unwind_Exception *e) __attribute__((noreturn));
void upstare_unwind_resume(struct _Unwind_Exception *e)
{
	static void (*theirs)(struct _Unwind_Exception *);
	if (!theirs)
		theirs = (void (*)(struct _Unwind_Exception *))while_it_unwinds("_Unwind_Resume");
	theirs(e);
	abort();
}

/*
 * The binary interface between generated code (executables, patches) and the runtime. All tables are in read-only sections
 * that are not touched before the first update; int32_t fields named *_rel hold "target - address of the field" (0: none),
 * so that they need no relocation at start.
 */
#ifndef UPSTARE_ABI_H
#define UPSTARE_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <upstare/prelude.h>

#define UPSTARE_ABI_VERSION 7 /* frontend/Metadata/RuntimeInterface.cs has it, too, and tells when it is raised */

/* Section upstare_points, 12 bytes: one for every check and every park call in the code (inlined copies too). */
struct upstare_point_entry {
	int32_t pc_rel;       /* just after the check's jne, or the park call's return place */
	int32_t function_rel; /* struct upstare_function */
	uint32_t point;
};

enum upstare_point_kind {
	UPSTARE_POINT_CALL = 0,  /* after a suspendable call */
	UPSTARE_POINT_LOOP = 1,
	UPSTARE_POINT_ENTRY = 2,
	UPSTARE_POINT_GOTO = 3,  /* before a backward or computed goto */
	UPSTARE_POINT_SETJMP = 4, /* after setjmp, also where longjmp comes back to it */
};

/* A slot of a record that holds the address of an in-place variable: its storage must survive the rebuilding of the stack. */
struct upstare_inplace {
	uint32_t offset; /* of the 8-byte slot in the record, header included; a null address is nothing to retain */
	uint32_t size;   /* of the variable; 0: retain all of the stack from that address up (variable size: alloca, VLA, va_list) */
};

/* One for each continuation point of a function, in the order of their numbers (from 0). 20 bytes. */
struct upstare_point_info {
	uint32_t line;       /* in the user's file */
	int32_t callee_rel;  /* const char *: callee's name as the user wrote it ("read" for a wrapped call), 0 for an indirect call or no call */
	uint32_t kind;       /* enum upstare_point_kind */
	int32_t inplace_rel; /* struct upstare_inplace[ninplace]: those in scope at this point; points may share one list */
	uint32_t ninplace;
};

/* upstare_function.flags */
#define UPSTARE_FUNCTION_RUNTIME 1u
#define UPSTARE_FUNCTION_SETJMP 2u /* calls setjmp */

/* Section upstare_functions, 40 bytes: one for each transformed function. Symbol: hidden, upstare_d_<mangled>. */
struct upstare_function {
	int32_t key_rel;      /* const char *: "name", or "tu:name" for a static function */
	int32_t name_rel;     /* const char *: as the user wrote it */
	int32_t file_rel;     /* const char *: the user's file */
	uint32_t line;
	int32_t clone_rel;    /* resume clone: R clone(void) */
	uint32_t layout;      /* hash of record layout and points; a patch names the one it was made for */
	uint32_t record_size; /* bytes, multiple of 16 */
	uint32_t npoints;
	int32_t points_rel;   /* struct upstare_point_info[npoints] */
	uint32_t flags;       /* UPSTARE_FUNCTION_SETJMP; UPSTARE_FUNCTION_RUNTIME for the runtime's own records */
};

/* Section upstare_pinned_functions, 20 bytes: functions that were left plain. Their code is in section upstare_pinned. */
struct upstare_pinned_function {
	int32_t start_rel;
	int32_t name_rel;
	int32_t file_rel;
	uint32_t line;
	int32_t reason_rel;
};

/* Section upstare_stubs, 12 bytes: function-pointer stubs ("jmp *slot(%rip)"), found by name; duplicates are equal. */
struct upstare_stub {
	int32_t key_rel;  /* as in upstare_function */
	int32_t stub_rel; /* the address that the program sees as &f */
	int32_t slot_rel; /* void *: the newest body */
};

/* Section upstare_variables, 16 bytes: every variable of static lifetime that is not private to one object. */
struct upstare_variable {
	int32_t key_rel;  /* "name", "tu:name" (file static), "tu:function:name" or "tu:function:name#2" (static local) */
	uint32_t size;
	int64_t address;  /* executable, library: relative to this field; patch: absolute (relocated); thread-local: offset in the module's TLS block (dtpoff) */
};
/* Section upstare_tls_variables: the same for thread-local variables. */

/*
 * The address of a variable of an executable or library. Code for libraries refers to external names through the global
 * offset table, since they may be another module's: the high half of the field is 1 then, the low one leads to the entry.
 */
#define UPSTARE_THROUGH_TABLE 1

/*
 * Section upstare_exports, 12 bytes, of executables and libraries: a function that other modules find by its name. What they
 * find is the stub.
 */
struct upstare_export {
	int32_t name_rel;
	int32_t stub_rel;
	int32_t slot_rel; /* void *: the newest body */
};

struct upstare_patch;

/* What a module (the executable or a patch) shows to the runtime. A patch exports it as its only symbol, "upstare_module". */
struct upstare_module {
	uint32_t abi_version;
	uint32_t is_patch;
	unsigned char *flag;
	const struct upstare_point_entry *points, *points_end;
	const struct upstare_function *functions, *functions_end;
	const struct upstare_pinned_function *pinned, *pinned_end;
	const struct upstare_stub *stubs, *stubs_end;
	const struct upstare_variable *variables, *variables_end;
	const struct upstare_variable *tls_variables, *tls_variables_end;
	const char *pinned_text, *pinned_text_end; /* section upstare_pinned */
	const struct upstare_patch *patch;         /* NULL for the executable and for libraries */
	const struct upstare_export *exports, *exports_end;
};

/* Section upstare_wrapped, 8 bytes, of libraries: a wrapped call. */
struct upstare_wrapped {
	int32_t name_rel; /* "upstare_w_read" */
	int32_t slot_rel; /* void *: the plain call, until the library is registered */
};

/*
 * What a shared library has in place of a runtime. Its constructor hands it to the runtime of the program, if that has one,
 * its destructor takes it back. Until then its flag is down and its wrapped calls are the plain ones.
 */
struct upstare_library {
	struct upstare_library *next;  /* this and the next are the runtime's */
	struct upstare_loaded *loaded;
	const struct upstare_module *module;
	void **point;                  /* where its exits lead to: upstare_point */
	const struct upstare_wrapped *wrapped, *wrapped_end;
};
/* 0: it has become part of the program, and has to be taken back before it goes away. Called by constructors and destructors. */
int upstare_library_enter(struct upstare_library *);
void upstare_library_leave(struct upstare_library *);

/* ---- What a patch adds (generated by upstare-patch, written by users in the manner of the paper's Figure 2) ---- */

struct upstare_context; /* opaque to transformers; handed to the functions below */

/*
 * Memory for an in-place variable of a frame that needs a new home (its type or size changed, or it was by value before).
 * It lives as long as the frame, on the thread's own stack. Only valid inside a frame transformer. NULL: no room (return
 * non-zero from the transformer then).
 */
void *upstare_frame_alloc(struct upstare_context *, size_t size, size_t align);
/* In a frame transformer: the old record of the frame that a step leaves out behind this one. NULL: none. */
const void *upstare_left_out(struct upstare_context *);
/* Tells that the object at old_address (size bytes) now lives at new_address: pointers in records and globals follow. */
int upstare_moved(struct upstare_context *, const void *old_address, size_t size, void *new_address);
/* Where an address now is (itself, if it did not move). */
void *upstare_forward(struct upstare_context *, const void *address);
/* Whether p points to a readable string constant of any loaded version (for "still has its old initialiser"). */
int upstare_is_literal(const void *p);
/* Address of a variable of the version that is being replaced, by key; NULL if it has none. */
void *upstare_old_variable(struct upstare_context *, const char *key);

/* The transformer moves objects that others may point to, so it cannot be run later than the update. */
#define UPSTARE_MAP_MOVES 1u

struct upstare_map;

/* In upstare_map.points: no frame at this old point has a counterpart, but one that a step of its caller leaves out may be there. */
#define UPSTARE_POINT_LEFT_OUT (-2)

/*
 * Between two frames the new version has one more than the old, or one less. The old function is in the call at point, the call
 * still runs, and what it called is as the old version says.
 */
struct upstare_step {
	uint32_t point;                  /* of the old function */
	uint32_t other_point;            /* that the frame to make is at, or the one to leave out */
	const struct upstare_map *frame; /* a frame to make, of new_function; several of one point: outermost first */
	const char *left_out;            /* or (frame is NULL): key of the old function whose frame is left out */
};

/*
 * One for every old function that can be mapped. Functions with no entry cannot be on a stack when the patch is applied. All
 * transformers of a thread's frames are called from the outermost frame on; then from_callee from the innermost one on; then
 * complete from the outermost one on.
 */
struct upstare_map {
	const char *old_key;                         /* old function; NULL: of a frame that a step makes */
	uint32_t old_layout;                         /* its upstare_function.layout, checked at load */
	uint32_t npoints;                            /* its number of points */
	const int32_t *points;                       /* old point -> new point, -1: no mapping (the update is refused there); NULL: identity */
	const struct upstare_function *new_function; /* descriptor in this patch; NULL: frames of it can only be left out */
	uint32_t new_size;                           /* its record_size */
	/* Fills new_record (zeroed; header already set: may change point) from old_record (of a frame that a step makes: its caller's). 0: done; else refused. NULL: copy bytes. */
	int (*transform)(struct upstare_context *, const void *old_record, void *new_record);
	const uint16_t *pointers;                    /* offsets in the new record of by-value pointers, to be forwarded */
	uint32_t npointers;
	uint32_t flags;                              /* UPSTARE_MAP_MOVES */
	/*
	 * Called for each mapped frame after all transformers of the update, if anything was moved: writes upstare_forward() of
	 * the pointers inside its in-place objects (they may be seen by nobody else). NULL: none.
	 */
	void (*forward)(struct upstare_context *, void *new_record);
	const void *user;                            /* the user's function in complete, NULL: none */
	const struct upstare_step *steps;            /* of this function's points */
	uint32_t nsteps;
	/* Takes parameters that the old frame does not have from those of the frame that this one calls. 0: done; else refused. NULL: none */
	int (*from_callee)(struct upstare_context *, void *new_record, const void *callee_record);
	/*
	 * Takes other such parameters from the arguments that the calling frame gives, and calls the user's function. caller_record
	 * and callee_record are NULL where there is no such frame. 0: done; else refused. NULL: none
	 */
	int (*complete)(struct upstare_context *, const void *old_record, void *new_record, const void *caller_record,
			const void *callee_record);
};

/* A variable whose storage is defined by the patch (changed or new). */
struct upstare_global {
	const char *old_key;  /* NULL: new in this version (keeps its initialiser) */
	const char *new_key;
	void *address;        /* in the patch */
	size_t size;
	size_t old_size;
	/* Fills the new storage (which holds its initialiser) from the old. 0: done; else the update is refused. NULL: new variable */
	int (*transform)(struct upstare_context *, const void *old_storage, void *new_storage);
};

/* A kept variable whose initialiser changed: *address takes the new value if it still holds the old one (an assumption). */
struct upstare_reinit {
	const char *key; /* in the old version */
	size_t size;
	/* Writes the new value to out (size bytes) and returns 1 if current still is the old initialiser; else returns 0. */
	int (*value)(struct upstare_context *, const void *current, void *out);
};

/*
 * A name that the patch leaves undefined (weak) and that the runtime binds by walking the patch's dynamic relocations:
 * a kept variable's storage, a thread-local one's offset, or the stub of a function (an existing one, else the patch's own).
 */
enum upstare_import_kind {
	UPSTARE_IMPORT_VARIABLE = 0,
	UPSTARE_IMPORT_TLS = 1,
	UPSTARE_IMPORT_STUB = 2,
};
struct upstare_import {
	const char *symbol; /* as in the patch's dynamic symbol table */
	const char *key;    /* variable: key in the old version; stub: function key in the new version */
	const char *old_key; /* stub: function key in the old version, NULL if it is new there */
	const char *new_key; /* variable: key in the new version where that is another; else NULL */
	uint32_t kind;
	uint32_t size;      /* variable: its size, checked against the old module's table */
};

/* Pointers in a variable or an in-place object that have to follow upstare_moved. */
struct upstare_pointer_map {
	const char *key;          /* variable of the new version */
	const uint32_t *offsets;  /* of pointers inside one element */
	uint32_t noffsets;
	uint32_t stride;          /* size of one element */
	uint32_t count;           /* elements */
};

/* A shared library of the program. Keys of its names begin with its name and "!". */
struct upstare_patch_module {
	const char *name;         /* "libx.so" */
	const char *old_build_id; /* "": the old version has none of that name */
	const char *new_build_id; /* "": the new version has none */
};

/* A function of the new version that other modules find by its name. */
struct upstare_patch_export {
	const char *key; /* name, with the library's before it */
	void *body;
};

struct upstare_patch {
	const char *program;       /* base name */
	const char *old_build_id;  /* hex */
	const char *new_build_id;
	const char *description;
	const struct upstare_map *maps;
	uint32_t nmaps;
	const struct upstare_global *globals;
	uint32_t nglobals;
	const struct upstare_reinit *reinits;
	uint32_t nreinits;
	const struct upstare_pointer_map *pointer_maps;
	uint32_t npointer_maps;
	const struct upstare_import *imports;
	uint32_t nimports;
	int (*condition)(struct upstare_context *); /* non-zero: not now (user's condition); may be NULL */
	int (*before)(struct upstare_context *);    /* after all is unrolled, before anything is transformed; non-zero refuses; may be NULL */
	void (*after)(struct upstare_context *);    /* new version current, threads not yet released; may be NULL */
	const struct upstare_patch_module *modules;
	uint32_t nmodules;
	const struct upstare_patch_export *exports;
	uint32_t nexports;
};

#endif

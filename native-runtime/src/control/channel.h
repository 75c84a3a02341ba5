/* What the files of the control channel share. Everything runs on the channel's own thread unless it says otherwise. */
#ifndef UPSTARE_CHANNEL_H
#define UPSTARE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../json.h"
#include "sha256.h"

#define UPSTARE_LINE_MAX 65536        /* header line, with its newline */
#define UPSTARE_PATCH_MAX (1LL << 30) /* bytes of a patch */
#define UPSTARE_CONNECTIONS 8         /* served side by side; more wait in the kernel's queue */
#define UPSTARE_ARGUMENTS 32
#define UPSTARE_NONCE_SIZE 32

/* Exit codes of the contract, as an answer's member "exit" carries them. */
enum upstare_exit {
	UPSTARE_EXIT_DONE = 0,
	UPSTARE_EXIT_USAGE = 1,
	UPSTARE_EXIT_REFUSED = 2,
	UPSTARE_EXIT_WRONG_PROGRAM = 3,
	UPSTARE_EXIT_NOT_PERMITTED = 4,
	UPSTARE_EXIT_UNDONE = 5,
};

/* How long a client may take; variables so that the tests need not wait as long. */
extern long upstare_control_header_ms;  /* from the connection to the end of the header line */
extern long upstare_control_silence_ms; /* between two pieces of a patch, or of an answer */
extern long upstare_control_body_ms;    /* for the whole patch */

/* 1: a request is being carried out or answered; the end of the program waits a moment for it. Read by any thread. */
extern int upstare_answering;

/* ---- request.c: the header line ---- */

struct upstare_argument {
	const char *name, *value;
};

struct upstare_request {
	const char *command;
	struct upstare_argument arguments[UPSTARE_ARGUMENTS];
	int narguments;
	size_t covered; /* bytes of the line that the client's mac covers: all before " mac=" */
};

/* Splits line (0-terminated, no newline), in place. NULL, or what is wrong with it. */
const char *upstare_request_parse(struct upstare_request *r, char *line);
const char *upstare_request_value(const struct upstare_request *r, const char *name);
/* A decimal number from 0 to max; missing: fallback; malformed or too large: -1. */
long long upstare_request_number(const struct upstare_request *r, const char *name, long long fallback, long long max);
/* Exactly 32 bytes in hex. */
bool upstare_request_digest(const struct upstare_request *r, const char *name, unsigned char value[32]);

/* ---- perform.c: from a request to an answer ---- */

/* Writes the whole answer for a request whose patch, if it has one, is complete. */
void upstare_perform(const struct upstare_request *r, const void *patch, size_t size, struct upstare_json *answer);
/* Whether a command is followed by a patch. */
bool upstare_takes_patch(const char *command);
/* The answer of the channel itself: {"protocol":1,"exit":code,"message":message}. */
void upstare_answer_error(struct upstare_json *answer, enum upstare_exit code, const char *message);

/* ---- process.c ---- */

/* Adds what identifies this process: pid, ppid, program, executable, build_id, uid, start. */
void upstare_describe_process(struct upstare_json *j);

/* ---- auth.c: requests over TCP ---- */

/* Reads the key file; called while starting, so that a chroot or setuid does not matter later. 0 or an errno value. */
int upstare_key_load(void);

struct upstare_exchange {
	unsigned char server_nonce[UPSTARE_NONCE_SIZE];
	unsigned char client_nonce[UPSTARE_NONCE_SIZE];
};

int upstare_exchange_begin(struct upstare_exchange *e);
/* Whether mac is the client's over the nonces and the covered bytes of its header line. */
bool upstare_exchange_verify(const struct upstare_exchange *e, const char *line, size_t covered, const unsigned char *mac);
/* What the answer is signed with. */
void upstare_exchange_sign(const struct upstare_exchange *e, const char *answer, size_t length, unsigned char *mac);
void upstare_hex(const unsigned char *bytes, size_t count, char *text);
bool upstare_unhex(const char *text, size_t count, unsigned char *bytes);

/* ---- peer.c ---- */

/* Whether the peer of a connected Unix socket may do to this process what it could do as its debugger. */
bool upstare_peer_permitted(int fd);

/* ---- descriptors.c ---- */

/* Moves fd to a high number, so that the program's own numbering is as in the plain program. -errno in, -errno out. */
int upstare_high_descriptor(int fd);
/* Tells a socket from what the program may have put in its place; 0: closed. */
unsigned long long upstare_descriptor_identity(int fd);

/* ---- listen.c ---- */

struct upstare_listener {
	int fd; /* -1: not open */
	unsigned long long identity;
};

enum { UPSTARE_LISTEN_UNIX, UPSTARE_LISTEN_TCP, UPSTARE_LISTENERS };

extern struct upstare_listener upstare_listeners[UPSTARE_LISTENERS];

/* Whether that listener is open and fd is its number, with nothing of the program's behind it. */
static inline bool upstare_listener_is_at(const struct upstare_listener *listener, int fd)
{
	return fd >= 0 && fd == listener->fd && upstare_descriptor_identity(fd) == listener->identity;
}

/* Opens what the environment asks for and is not open yet. Returns how many are open; *error holds the last failure. */
int upstare_listen(struct upstare_listener listeners[UPSTARE_LISTENERS], bool child, int *error);
/* What was opened, as upstare-ctl would be told: a path or host:port; NULL: nothing. */
const char *upstare_listen_name(int index);
/* Removes the socket's file, if this process made one. From any thread. */
void upstare_unlisten(void);

/* ---- connection.c ---- */

struct upstare_connection;

/* Somebody has been taken in, here or in the parent before it forked. */
extern bool upstare_connected;
/* Takes a new client in, or closes it. */
void upstare_connection_accept(int listener, bool tcp);
bool upstare_connection_room(void);
struct pollfd;
/* Fills polls (UPSTARE_CONNECTIONS of them); lowers *timeout to the first deadline. Returns how many. */
int upstare_connection_polls(struct pollfd *polls, long long now, int *timeout);
/* Goes on with every client that is ready or late. */
void upstare_connection_run(const struct pollfd *polls, int count);
/* In a child just after fork: closes and forgets everybody. Async-signal-safe. */
void upstare_connection_forget(void);
long long upstare_milliseconds(void);

#endif

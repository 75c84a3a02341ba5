/*
 * Clients, each a small state machine over a socket that never blocks, so that a slow or silent one holds up nobody. What
 * they want is done one at a time.
 *
 *	Unix: HEADER -> [BODY] -> ANSWER -> DRAIN        TCP: the same after a challenge was sent
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "../child.h"
#include "channel.h"
#include "sys.h"

long upstare_control_header_ms = 5000;
long upstare_control_silence_ms = 10000;
long upstare_control_body_ms = 900000;

/* How long a client may take to read the end of its answer before its connection is closed under it. */
#define DRAIN_MS 1000

enum state { FREE, HEADER, BODY, ANSWER, DRAIN };

struct upstare_connection {
	enum state state;
	int fd;
	bool tcp;
	bool signed_answer;            /* the client has shown that it has the key */
	long long deadline, body_deadline;
	struct upstare_exchange exchange;
	char *line;                    /* mapping of two times UPSTARE_LINE_MAX: as received, and split into words */
	size_t received;
	struct upstare_request request;
	char *patch;                   /* mapping of size bytes */
	size_t size, patch_received;
	struct upstare_sha256 hash;
	struct upstare_json answer;
	const char *text;
	size_t length, sent;
	char trailer[2 + 4 + 2 * UPSTARE_SHA256_SIZE + 2]; /* what follows the answer */
	size_t trailer_length;
};

static struct upstare_connection connections[UPSTARE_CONNECTIONS];
UPSTARE_CHILD_DATA bool upstare_connected = false;

long long upstare_milliseconds(void)
{
	struct timespec now;

	upstare_sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_DONTFORK);
	return memory;
}

static void release_patch(struct upstare_connection *c)
{
	if (c->patch)
		munmap(c->patch, c->size);
	c->patch = NULL;
}

int upstare_answering;

static void close_connection(struct upstare_connection *c)
{
	if (c->state == ANSWER)
		__atomic_store_n(&upstare_answering, 0, __ATOMIC_SEQ_CST);
	if (c->line)
		munmap(c->line, 2 * UPSTARE_LINE_MAX);
	release_patch(c);
	upstare_json_free(&c->answer);
	upstare_sys(SYS_close, c->fd);
	memset(c, 0, sizeof(*c));
}

void upstare_connection_forget(void)
{
	int i;

	upstare_connected = false;
	for (i = 0; i < UPSTARE_CONNECTIONS; i++) {
		if (connections[i].state == FREE)
			continue;
		upstare_sys(SYS_close, connections[i].fd);
		/* Its memory is not in the child (MADV_DONTFORK). */
		memset(&connections[i], 0, sizeof(connections[i]));
	}
}

bool upstare_connection_room(void)
{
	int i;

	for (i = 0; i < UPSTARE_CONNECTIONS; i++)
		if (connections[i].state == FREE)
			return true;
	return false;
}

/* Sends what is complete in c->answer. */
static void begin_answer(struct upstare_connection *c)
{
	unsigned char mac[UPSTARE_SHA256_SIZE];

	release_patch(c);
	c->text = upstare_json_text(&c->answer);
	if (!c->text)
		c->text = "{\"protocol\":1,\"exit\":5,\"message\":\"out of memory while answering\"}";
	c->length = strlen(c->text);
	strcpy(c->trailer, "\n");
	if (c->signed_answer) {
		upstare_exchange_sign(&c->exchange, c->text, c->length, mac);
		strcpy(c->trailer, "\nmac=");
		upstare_hex(mac, sizeof(mac), c->trailer + 5);
		strcat(c->trailer, "\n");
	}
	c->trailer_length = strlen(c->trailer);
	c->sent = 0;
	c->state = ANSWER;
	c->deadline = upstare_milliseconds() + upstare_control_silence_ms;
}

static void refuse(struct upstare_connection *c, enum upstare_exit code, const char *message)
{
	upstare_json_free(&c->answer);
	upstare_answer_error(&c->answer, code, message);
	begin_answer(c);
}

static void perform(struct upstare_connection *c)
{
	unsigned char wanted[UPSTARE_SHA256_SIZE], got[UPSTARE_SHA256_SIZE];

	if (c->patch && upstare_request_value(&c->request, "sha256")) {
		upstare_sha256_final(&c->hash, got);
		if (!upstare_request_digest(&c->request, "sha256", wanted) || !upstare_same_digest(wanted, got)) {
			refuse(c, UPSTARE_EXIT_NOT_PERMITTED, "the patch was altered on its way");
			return;
		}
	}
	__atomic_store_n(&upstare_answering, 1, __ATOMIC_SEQ_CST);
	upstare_perform(&c->request, c->patch, c->patch ? c->size : 0, &c->answer);
	begin_answer(c);
}

/* Whether a client over TCP has the key. Nothing that it sent is looked at more closely before. */
static bool authenticate(struct upstare_connection *c)
{
	unsigned char mac[UPSTARE_SHA256_SIZE];

	if (!c->request.covered || !upstare_request_digest(&c->request, "mac", mac) ||
	    !upstare_request_digest(&c->request, "client", c->exchange.client_nonce))
		return false;
	c->signed_answer = upstare_exchange_verify(&c->exchange, c->line, c->request.covered, mac);
	return c->signed_answer;
}

static void add_to_patch(struct upstare_connection *c, size_t count)
{
	if (upstare_request_value(&c->request, "sha256"))
		upstare_sha256_update(&c->hash, c->patch + c->patch_received, count);
	c->patch_received += count;
	c->deadline = upstare_milliseconds() + upstare_control_silence_ms;
	if (c->deadline > c->body_deadline)
		c->deadline = c->body_deadline;
	if (c->patch_received == c->size)
		perform(c);
}

/* The header line is complete: end is its newline. */
static void begin_request(struct upstare_connection *c, char *end)
{
	char *words = c->line + UPSTARE_LINE_MAX;
	size_t length = (size_t)(end - c->line), rest = c->received - length - 1;
	const char *wrong;
	long long size;

	if (memchr(c->line, 0, length)) {
		refuse(c, UPSTARE_EXIT_USAGE, "not a request of protocol upstare/1");
		return;
	}
	memcpy(words, c->line, length);
	words[length] = 0;
	wrong = upstare_request_parse(&c->request, words);
	if (c->tcp && (wrong || !authenticate(c))) {
		refuse(c, UPSTARE_EXIT_NOT_PERMITTED, "not permitted: the request is not signed with this program's key");
		return;
	}
	size = wrong ? 0 : upstare_request_number(&c->request, "size", 0, UPSTARE_PATCH_MAX);
	if (!wrong && size < 0)
		wrong = "size is not a number of bytes up to 1 GiB";
	else if (!wrong && !size && upstare_takes_patch(c->request.command))
		wrong = "the patch is missing: give its size, and its bytes after the request";
	else if (!wrong && size && !upstare_takes_patch(c->request.command))
		wrong = "this command takes no patch";
	else if (!wrong && size && c->tcp && !upstare_request_value(&c->request, "sha256"))
		wrong = "a patch over TCP needs its sha256";
	if (wrong) {
		refuse(c, UPSTARE_EXIT_USAGE, wrong);
		return;
	}
	if (!size) {
		perform(c);
		return;
	}
	c->size = (size_t)size;
	c->patch = map(c->size);
	if (!c->patch) {
		refuse(c, UPSTARE_EXIT_REFUSED, "the program has no memory for the patch");
		return;
	}
	upstare_sha256_init(&c->hash);
	c->state = BODY;
	c->body_deadline = upstare_milliseconds() + upstare_control_body_ms;
	if (rest > c->size)
		rest = c->size;
	memcpy(c->patch, end + 1, rest);
	add_to_patch(c, rest);
}

static void read_header(struct upstare_connection *c)
{
	long got = upstare_sys(SYS_recvfrom, c->fd, c->line + c->received, UPSTARE_LINE_MAX - c->received, 0, 0, 0);
	char *end;

	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got <= 0) {
		close_connection(c);
		return;
	}
	end = memchr(c->line + c->received, '\n', (size_t)got);
	c->received += (size_t)got;
	if (end)
		begin_request(c, end);
	else if (c->received == UPSTARE_LINE_MAX)
		refuse(c, UPSTARE_EXIT_USAGE, "the request's header line is too long");
}

static void read_body(struct upstare_connection *c)
{
	size_t want = c->size - c->patch_received;
	long got;

	if (want > 1 << 20) /* so that others get their turn */
		want = 1 << 20;
	got = upstare_sys(SYS_recvfrom, c->fd, c->patch + c->patch_received, want, 0, 0, 0);
	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got <= 0)
		close_connection(c);
	else
		add_to_patch(c, (size_t)got);
}

static void write_answer(struct upstare_connection *c)
{
	bool text = c->sent < c->length;
	const char *from = text ? c->text + c->sent : c->trailer + (c->sent - c->length);
	size_t left = text ? c->length - c->sent : c->length + c->trailer_length - c->sent;
	long put = upstare_sys(SYS_sendto, c->fd, from, left, MSG_NOSIGNAL, 0, 0);

	if (put == -EAGAIN || put == -EINTR)
		return;
	if (put <= 0) {
		close_connection(c);
		return;
	}
	c->sent += (size_t)put;
	c->deadline = upstare_milliseconds() + upstare_control_silence_ms;
	if (c->sent < c->length + c->trailer_length)
		return;
	/* Closing with unread bytes would reset the connection and could take the answer with it. */
	upstare_sys(SYS_shutdown, c->fd, SHUT_WR);
	__atomic_store_n(&upstare_answering, 0, __ATOMIC_SEQ_CST);
	c->state = DRAIN;
	c->deadline = upstare_milliseconds() + DRAIN_MS;
}

static void drain(struct upstare_connection *c)
{
	long got = upstare_sys(SYS_recvfrom, c->fd, c->line, UPSTARE_LINE_MAX, 0, 0, 0);

	if (got <= 0 && got != -EAGAIN && got != -EINTR)
		close_connection(c);
}

static void greet(struct upstare_connection *c)
{
	char text[128] = "upstare/1 challenge nonce=";
	size_t length = strlen(text);

	if (upstare_exchange_begin(&c->exchange)) {
		close_connection(c);
		return;
	}
	upstare_hex(c->exchange.server_nonce, UPSTARE_NONCE_SIZE, text + length);
	strcat(text, "\n");
	length = strlen(text);
	/* An empty socket buffer takes so little at once. */
	if (upstare_sys(SYS_sendto, c->fd, text, length, MSG_NOSIGNAL, 0, 0) != (long)length)
		close_connection(c);
}

void upstare_connection_accept(int listener, bool tcp)
{
	struct upstare_connection *c = connections;
	int fd = (int)upstare_sys(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);

	fd = upstare_high_descriptor(fd);
	if (fd < 0)
		return;
	while (c < connections + UPSTARE_CONNECTIONS && c->state != FREE)
		c++;
	if (c == connections + UPSTARE_CONNECTIONS) {
		upstare_sys(SYS_close, fd);
		return;
	}
	__atomic_store_n(&upstare_connected, true, __ATOMIC_SEQ_CST);
	c->fd = fd;
	c->tcp = tcp;
	c->state = HEADER;
	c->deadline = upstare_milliseconds() + upstare_control_header_ms;
	c->line = map(2 * UPSTARE_LINE_MAX);
	if (!c->line)
		close_connection(c);
	else if (c->tcp)
		greet(c);
	else if (!upstare_peer_permitted(fd))
		refuse(c, UPSTARE_EXIT_NOT_PERMITTED, "not permitted: only the program's own user and root may control it");
}

int upstare_connection_polls(struct pollfd *polls, long long now, int *timeout)
{
	int i, count = 0;

	for (i = 0; i < UPSTARE_CONNECTIONS; i++) {
		const struct upstare_connection *c = &connections[i];
		long long left = c->deadline - now;

		if (c->state == FREE)
			continue;
		polls[count++] = (struct pollfd){.fd = c->fd, .events = c->state == ANSWER ? POLLOUT : POLLIN};
		if (left < 0)
			left = 0;
		if (*timeout < 0 || left < *timeout)
			*timeout = (int)left;
	}
	return count;
}

static void go_on(struct upstare_connection *c, bool ready)
{
	if (!ready) {
		if (upstare_milliseconds() < c->deadline)
			return;
		if (c->state == HEADER || c->state == BODY)
			refuse(c, UPSTARE_EXIT_USAGE, "the request did not come in time");
		else
			close_connection(c);
		return;
	}
	switch (c->state) {
	case HEADER:
		read_header(c);
		break;
	case BODY:
		read_body(c);
		break;
	case ANSWER:
		write_answer(c);
		break;
	case DRAIN:
		drain(c);
		break;
	case FREE:
		break;
	}
}

void upstare_connection_run(const struct pollfd *polls, int count)
{
	int i, at = 0;

	for (i = 0; i < UPSTARE_CONNECTIONS && at < count; i++)
		if (connections[i].state != FREE && connections[i].fd == polls[at].fd)
			go_on(&connections[i], polls[at++].revents != 0);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP as fast as blocking sockets do it, with as little besides as possible.
 *
 *	tcp_load serve ADDR PORT PROCESSES		each with a listening socket of its own
 *	tcp_load share ADDR PORT PROCESSES		all with the same: who works takes no other
 *	tcp_load short ADDR PORT PROCESSES SECONDS	connect, 64 bytes there and back, close
 *	tcp_load long ADDR PORT PROCESSES SECONDS	64 bytes there and back, again and again
 *
 * Prints one JSON object: how many of these all processes got done. The server has no state and
 * ends with the one that started it; each of its processes serves one connection after the other.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define BYTES         64
#define PROCESSES_MAX 1024
#define BACKLOG       1024

static void die(const char *what)
{
	fprintf(stderr, "tcp_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool whole(ssize_t (*io)(int, void *, size_t, int), int fd, char *data)
{
	size_t done = 0;

	while (done < BYTES) {
		ssize_t n = io(fd, data + done, BYTES - done, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static ssize_t put(int fd, void *data, size_t len, int flags)
{
	return send(fd, data, len, flags);
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

/* --- serving: one connection after the other --- */

static void serve(int fd)
{
	char data[BYTES];

	for (;;) {
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (c < 0)
			continue; /* reset while it waited, or no descriptor just now */
		while (whole(recv, c, data) && whole(put, c, data))
			;
		close(c);
	}
}

static int listen_at(const struct sockaddr_in *at)
{
	int fd = new_socket(), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) || listen(fd, BACKLOG))
		die("listen");
	return fd;
}

static int serve_all(const struct sockaddr_in *at, unsigned int processes, bool share)
{
	int fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 0; i < processes; i++) {
		if (!share || fd < 0)
			fd = listen_at(at);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd);
		}
		if (!share)
			close(fd);
	}
	puts("listening");
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	return 0;
}

/* --- asking --- */

static uint64_t ask_short(const struct sockaddr_in *to, uint64_t until)
{
	char data[BYTES] = "flowner";
	uint64_t n = 0;

	while (clock_boot_ns() < until) {
		int fd = new_socket();

		if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
			die("connect");
		if (!whole(put, fd, data) || !whole(recv, fd, data))
			die("echo");
		close(fd);
		n++;
	}
	return n;
}

static uint64_t ask_long(const struct sockaddr_in *to, uint64_t until)
{
	char data[BYTES] = "flowner";
	int fd = new_socket();
	uint64_t n = 0;

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		die("connect");
	for (; clock_boot_ns() < until; n++)
		if (!whole(put, fd, data) || !whole(recv, fd, data))
			die("echo");
	close(fd);
	return n;
}

static int ask(const struct sockaddr_in *to, unsigned int processes, double seconds, bool brief)
{
	uint64_t began = clock_boot_ns(), until = began + (uint64_t)(seconds * 1e9);
	uint64_t sum = 0, n;
	int out[2], status, failed = 0;

	if (pipe(out))
		die("pipe");
	for (unsigned int i = 0; i < processes; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			n = brief ? ask_short(to, until) : ask_long(to, until);
			_exit(write(out[1], &n, sizeof(n)) != sizeof(n));
		}
	}
	close(out[1]);
	while (read(out[0], &n, sizeof(n)) == sizeof(n))
		sum += n;
	while (wait(&status) > 0)
		failed |= status;
	printf("{\"done\":%" PRIu64 ",\"seconds\":%.4f}\n", sum,
	       (double)(clock_boot_ns() - began) / 1e9);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	unsigned int processes = argc > 4 ? (unsigned int)atoi(argv[4]) : 0;

	if (argc < 5 || inet_pton(AF_INET, argv[2], &at.sin_addr) != 1 || !processes ||
	    processes > PROCESSES_MAX) {
		fprintf(stderr,
			"usage: tcp_load serve|share|short|long ADDR PORT PROCESSES [SECONDS]\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)atoi(argv[3]));
	if (!strcmp(argv[1], "serve") || !strcmp(argv[1], "share"))
		return serve_all(&at, processes, !strcmp(argv[1], "share"));
	return ask(&at, processes, argc > 5 ? atof(argv[5]) : 1, !strcmp(argv[1], "short"));
}

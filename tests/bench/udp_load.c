// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Short datagrams as fast as one thread can send them, over as many flows as wanted, in turn.
 *
 *	udp_load [--flows N] [--frame BYTES] [--seconds S | --packets N] ADDR
 *
 * A flow is a port, and another address after 50,000 of them. Nobody needs to listen: let the
 * addresses be routed to a host that does not have them, which then drops them without a word.
 * Prints one JSON object: what it sent, in how long, and in how much CPU time. The latter includes
 * the packets' way to the receiver, where nothing comes between, as on a veth pair.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define BATCH      64
#define PORT_FIRST 1024
#define PORTS      50000 /* of one address */
#define HEADERS    42    /* Ethernet, IPv4, UDP */
#define FRAME_MAX  1514

struct load {
	in_addr_t addr; /* host order, the first one */
	uint64_t flows, frame, packets, ns;
	uint64_t sent, next;
	struct sockaddr_in *to;
};

static struct sockaddr_in *destinations(const struct load *l)
{
	struct sockaddr_in *to = calloc(l->flows, sizeof(*to));

	for (uint64_t i = 0; to && i < l->flows; i++)
		to[i] = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)(PORT_FIRST + i % PORTS)),
			.sin_addr.s_addr = htonl(l->addr + (in_addr_t)(i / PORTS)),
		};
	return to;
}

/* 0 or -errno */
static int send_batch(struct load *l, int fd)
{
	static char payload[FRAME_MAX];
	struct iovec data = {payload, l->frame - HEADERS};
	struct mmsghdr m[BATCH] = {0};
	unsigned int n = BATCH, done = 0;
	int sent;

	if (l->packets && l->packets - l->sent < n)
		n = (unsigned int)(l->packets - l->sent);
	for (unsigned int i = 0; i < n; i++) {
		m[i].msg_hdr.msg_name = &l->to[l->next];
		m[i].msg_hdr.msg_namelen = sizeof(*l->to);
		m[i].msg_hdr.msg_iov = &data;
		m[i].msg_hdr.msg_iovlen = 1;
		l->next = l->next + 1 < l->flows ? l->next + 1 : 0;
	}
	while (done < n) {
		sent = sendmmsg(fd, m + done, n - done, 0);
		if (sent < 0 && errno != ENOBUFS && errno != EINTR)
			return -errno;
		done += sent > 0 ? (unsigned int)sent : 0;
	}
	l->sent += n;
	return 0;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(struct load *l)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t begin = clock_boot_ns(), now = begin;
	double cpu = cpu_seconds();
	int err = fd < 0 ? -errno : 0;

	while (!err && (l->ns ? now - begin < l->ns : l->sent < l->packets)) {
		err = send_batch(l, fd);
		now = clock_boot_ns();
	}
	if (err)
		return err;
	printf("{\"sent\":%" PRIu64 ",\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", l->sent,
	       (double)(now - begin) / 1e9, cpu_seconds() - cpu);
	return 0;
}

static bool number(const char *s, double least, double most, double *out)
{
	char *end;

	*out = strtod(s, &end);
	return end != s && !*end && *out >= least && *out <= most;
}

static int parse(struct load *l, int argc, char **argv)
{
	static const struct option longs[] = {
		{"flows", required_argument, NULL, 'f'},
		{"frame", required_argument, NULL, 's'},
		{"seconds", required_argument, NULL, 't'},
		{"packets", required_argument, NULL, 'n'},
		{0},
	};
	struct in_addr addr;
	double v;
	int c;

	*l = (struct load){.flows = 1, .frame = 64};
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'f' && number(optarg, 1, 10e6, &v))
			l->flows = (uint64_t)v;
		else if (c == 's' && number(optarg, HEADERS, FRAME_MAX, &v))
			l->frame = (uint64_t)v;
		else if (c == 't' && number(optarg, 0.001, 86400, &v))
			l->ns = (uint64_t)(v * 1e9);
		else if (c == 'n' && number(optarg, 1, 1e15, &v))
			l->packets = (uint64_t)v;
		else
			return -EINVAL;
	}
	if (!l->ns == !l->packets || optind != argc - 1 || !inet_aton(argv[optind], &addr))
		return -EINVAL;
	l->addr = ntohl(addr.s_addr);
	return 0;
}

int main(int argc, char **argv)
{
	struct load l;
	int err = parse(&l, argc, argv);

	if (err) {
		fprintf(stderr, "usage: udp_load [--flows N] [--frame BYTES] "
				"--seconds S|--packets N ADDR\n");
		return 2;
	}
	l.to = destinations(&l);
	err = l.to ? run(&l) : -ENOMEM;
	if (err)
		fprintf(stderr, "udp_load: %s\n", strerror(-err));
	free(l.to);
	return err ? 1 : 0;
}

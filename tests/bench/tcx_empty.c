// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A tc program that does nothing, on both sides of a device of this network namespace, in front of
 * all that are there; and the kernel's clock around every BPF program. Both as long as this runs:
 * the one by tcx links, the other by a file descriptor (d46edd671a14, 5.8), so nothing of it can
 * be left behind.
 *
 *	tcx_empty DEVICE		says "attached" when it is
 *	tcx_empty --quiet DEVICE	without the clock
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "collect/tc_attach.h"
#include "tests_empty.skel.h"

static int fail(const char *what, int err)
{
	fprintf(stderr, "tcx_empty: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return 1;
}

/* Until somebody ends it. */
static int attach(int prog, const char *dev, const sigset_t *ends)
{
	struct tc_attachment *a;
	uint32_t ifindex = if_nametoindex(dev);
	int err, sig;

	if (!ifindex)
		return fail(dev, errno);
	err = tc_attach(&a, ifindex, prog, prog, TC_TCX);
	if (err)
		return fail(dev, err);
	if (tc_is_tcx(a)) {
		puts("attached");
		fflush(stdout);
		sigwait(ends, &sig);
	} else {
		err = fail("tcx", EOPNOTSUPP);
	}
	tc_detach(a);
	return err;
}

int main(int argc, char **argv)
{
	struct tests_empty_bpf *skel;
	_cleanup_close_ int stats = -1;
	sigset_t ends;
	int status;

	const bool quiet = argc == 3 && !strcmp(argv[1], "--quiet");

	if (argc != 2 && !quiet) {
		fprintf(stderr, "usage: tcx_empty [--quiet] DEVICE\n");
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stats = quiet ? -1 : bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0 && !quiet)
		return fail("BPF_ENABLE_STATS", errno);
	skel = tests_empty_bpf__open_and_load();
	if (!skel)
		return fail("the program", errno);
	status = attach(bpf_program__fd(skel->progs.empty), argv[argc - 1], &ends);
	tests_empty_bpf__destroy(skel);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/signals.h"
#include "lab/lab.h"

#define EXIT_CANNOT_RUN 126
#define EXIT_NO_COMMAND 127

/* /etc/netns/NAME/FILE stands in for /etc/FILE, as with `ip netns exec`. */
static void bind_etc(const char *netns)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char from[PATH_MAX], to[PATH_MAX];
	struct dirent *d;

	snprintf(from, sizeof(from), "/etc/netns/%s", netns);
	dir = opendir(from);
	while (dir && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(from, sizeof(from), "/etc/netns/%s/%s", netns, d->d_name);
		snprintf(to, sizeof(to), "/etc/%s", d->d_name);
		if (mount(from, to, "none", MS_BIND, NULL))
			log_warn("cannot put %s in place of %s: %s", from, to, strerror(errno));
	}
}

/* /sys/class/net shows the namespace that sysfs was mounted in: mount it anew, for us alone. */
static int own_sys(const char *netns)
{
	struct statvfs fs;
	unsigned long flags = 0;

	if (unshare(CLONE_NEWNS) || mount("", "/", "none", MS_SLAVE | MS_REC, NULL))
		return -errno;
	if (!statvfs("/sys", &fs) && (fs.f_flag & ST_RDONLY))
		flags = MS_RDONLY;
	if (umount2("/sys", MNT_DETACH) && errno != EINVAL)
		return -errno;
	return mount(netns, "/sys", "sysfs", flags, NULL) ? -errno : 0;
}

static int enter(const struct lab_state_ns *ns)
{
	_cleanup_close_ int fd = -1;
	int found, err;

	if (!ns->id.inode)
		found = NETNS_NOTHING;
	else
		found = netns_find(ns->name, &ns->id, &fd);
	if (found < 0) {
		log_error("cannot look at %s/%s: %s", NETNS_DIR, ns->name, strerror(-found));
		return found;
	}
	if (found != NETNS_MATCH) {
		log_error("%s/%s %s", NETNS_DIR, ns->name,
			  found == NETNS_OTHER ? "is not the one that lab up made" : "is gone");
		return -ENOENT;
	}
	err = setns(fd, CLONE_NEWNET) ? -errno : own_sys(ns->name);
	if (err)
		log_error("cannot enter %s: %s", ns->name, strerror(-err));
	else
		bind_etc(ns->name);
	return err;
}

/* "client, server, h3, … (203 in all)" */
static void no_such_host(const struct lab_state *s, const char *host)
{
	_cleanup_buf_ struct buf b = {0};
	const size_t shown = 6;

	for (size_t i = 0; i < s->n_ns && i < shown; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", s->ns[i].name + strlen(s->name) + 1);
	if (s->n_ns > shown)
		buf_printf(&b, ", … (%zu in all)", s->n_ns);
	buf_putc(&b, '\0');
	log_error("lab %s has no host %s; it has %s", s->name, host, b.err ? "others" : b.data);
}

int lab_exec(const struct lab_ctx *ctx, const char *name, const char *host, char **argv)
{
	_cleanup_lab_state_ struct lab_state *s = NULL;
	const struct lab_state_ns *ns = NULL;
	int err = lab_load(ctx, name, false, NULL, &s);

	if (err)
		return err == -EPERM || err == -EACCES ? EXIT_PERMISSION : EXIT_FAILED;
	for (size_t i = 0; i < s->n_ns && !ns; i++)
		if (!strcmp(s->ns[i].name + strlen(s->name) + 1, host))
			ns = &s->ns[i];
	if (!ns) {
		no_such_host(s, host);
		return EXIT_FAILED;
	}
	err = enter(ns);
	if (err)
		return err == -EPERM ? EXIT_PERMISSION : EXIT_FAILED;
	signals_restore();
	execvp(argv[0], argv);
	err = errno;
	log_error("%s: %s", argv[0], err == ENOENT ? "no such command" : strerror(err));
	return err == ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN;
}

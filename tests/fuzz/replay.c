// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A fuzz target as a test: every file of the folders given goes through it once. TAP. Which file it
 * was that ended it is said then.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char now[PATH_MAX]; /* the file that is being replayed */

/* Of the sanitizers' runtime; there is none in a plain build. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void say_which(void)
{
	static const char before[] = "not ok 1 - replaying ";

	if (!now[0])
		return;
	if (write(STDOUT_FILENO, before, sizeof(before) - 1) < 0 ||
	    write(STDOUT_FILENO, now, strlen(now)) < 0 || write(STDOUT_FILENO, "\n", 1) < 0)
		_exit(1);
}

static void on_signal(int sig)
{
	say_which();
	signal(sig, SIG_DFL);
	raise(sig);
}

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	uint8_t *data;
	size_t n;

	if (!f || fstat(fileno(f), &st)) {
		printf("not ok 1 - cannot read %s: %s\n", path, strerror(errno));
		exit(1);
	}
	/* Of its size exactly: so a byte read behind it is seen. */
	data = malloc(st.st_size ? (size_t)st.st_size : 1);
	CHECK(data);
	n = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 1;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int replay(const char *path)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, by_name), done = 0;

	if (n < 0 && errno == ENOTDIR) {
		snprintf(now, sizeof(now), "%s", path);
		return replay_file(path);
	}
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			snprintf(now, sizeof(now), "%s/%s", path, list[i]->d_name);
			done += replay_file(now);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return done;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int done = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..1\n");
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(say_which);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	for (int i = 1; i < argc; i++) {
		/* Of a whole corpus; one input takes milliseconds. */
		alarm(60);
		done += replay(argv[i]);
	}
	now[0] = '\0';
	printf("%sok 1 - %s takes %d inputs of its corpus\n", done ? "" : "not ",
	       name ? name + 1 : argv[0], done);
	return done ? 0 : 1;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "model/unit.h"

TEST(units)
{
	static const struct {
		const char *path, *unit;
	} e[] = {
		{"/system.slice/nginx.service", "nginx.service"},
		{"/system.slice/nginx.service/worker", "nginx.service"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.service",
		 "app-x.service"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service"},
		{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
		{"/system.slice/dbus.socket", "dbus.socket"},
		{"/system.slice/srv-data.mount", "srv-data.mount"},
		{"/init.scope", "init.scope"},
		{"/", ""},
		{"", ""},
		{"/system.slice", ""},
		{"/a/.service", ""},
		{"/a/x.services", ""},
	};
	char unit[UNIT_NAME_MAX + 1];

	for (size_t i = 0; i < COUNT(e); i++) {
		assert_int_equal(cgroup_unit(e[i].path, unit), e[i].unit[0] != '\0');
		assert_string_equal(unit, e[i].unit);
	}
}

TEST(too_long)
{
	char path[UNIT_NAME_MAX + 3], unit[UNIT_NAME_MAX + 1];

	memset(path, 'u', sizeof(path));
	path[0] = '/';
	memcpy(path + sizeof(path) - 9, ".service", 9);
	assert_false(cgroup_unit(path, unit));
	memmove(path + 1, path + 2, sizeof(path) - 2);
	assert_true(cgroup_unit(path, unit));
	assert_int_equal(strlen(unit), UNIT_NAME_MAX);
}

TEST(escapes)
{
	static const struct {
		const char *escaped, *plain;
	} e[] = {
		{"my\\x2dbox", "my-box"}, {"a\\x00b", "a\\x00b"}, {"a\\x2", "a\\x2"},
		{"a\\xzz", "a\\xzz"},     {"a\\", "a\\"},         {"", ""},
	};
	char s[32];

	for (size_t i = 0; i < COUNT(e); i++) {
		memcpy(s, e[i].escaped, strlen(e[i].escaped) + 1);
		unit_unescape(s);
		assert_string_equal(s, e[i].plain);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("the innermost unit that is no slice is told", units),
		IT("a name longer than systemd allows is no unit", too_long),
		IT("systemd's escapes are undone, but NUL", escapes),
	};

	return RUN(tests);
}

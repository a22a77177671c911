// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/event.h"

#include <string.h>

const char *event_type_name(enum event_type type)
{
	static const char *const names[EVENT_TYPES] = {
		[EVENT_LISTEN] = "listen",
		[EVENT_CONNECT] = "connect",
		[EVENT_CONNECT_FAILED] = "connect-failed",
		[EVENT_ACCEPT] = "accept",
		[EVENT_STATE] = "state",
		[EVENT_RETRANSMIT] = "retransmit",
		[EVENT_RESET] = "reset",
		[EVENT_CLOSE] = "close",
		[EVENT_LOST] = "lost",
	};

	return names[type];
}

const char *event_state_name(uint8_t state)
{
	/* include/net/tcp_states.h */
	static const char *const names[] = {
		NULL,        "ESTABLISHED", "SYN_SENT",     "SYN_RECV",   "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT",   "CLOSE",        "CLOSE_WAIT", "LAST_ACK",
		"LISTEN",    "CLOSING",     "NEW_SYN_RECV",
	};

	return state && state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

const char *event_errno_name(int error)
{
	return error ? strerrorname_np(error) : NULL;
}

bool party_is_v4(const struct party *p)
{
	return addr_is_v4(addr_is_any(&p->remote.addr) ? &p->local.addr : &p->remote.addr);
}

const char *event_close_reason_name(enum close_reason reason)
{
	static const char *const names[CLOSE_REASONS] = {
		[CLOSE_FIN] = "fin",         [CLOSE_RESET] = "reset",
		[CLOSE_TIMEOUT] = "timeout", [CLOSE_UNREACHABLE] = "unreachable",
		[CLOSE_ABORTED] = "aborted",
	};

	return names[reason];
}

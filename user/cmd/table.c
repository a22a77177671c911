// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/cmd.h"

#include <stddef.h>

const struct cmd cmd_table[] = {
	{"trace", "TCP events as they happen, with the process at both ends", cmd_trace},
	{"flows", "what each veth carries, and who sends it to whom", cmd_flows},
	{"who", "the connections that there are now, in all namespaces, with both ends", cmd_who},
	{"map", "every network namespace, its devices, and who is connected to whom", cmd_map},
	{"capture", "the packets of a container, namespace or veth, as lines or pcapng",
	 cmd_capture},
	{"lab", "network namespaces to try things in: pair, bridge, router", cmd_lab},
	{"echo", "TCP echo endpoints: serve, ping", cmd_echo},
	{"doctor", "what this kernel can do, what is missing, and why it matters", cmd_doctor},
	{NULL, NULL, NULL},
};

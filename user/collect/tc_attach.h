/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A pair of tc programs on a device: one for what comes in, one for what goes out. As tcx links
 * where the kernel has them (e420bed02507, 6.6), else as filters of a clsact qdisc.
 *
 * They stand before all others, and whether the others run too is what the programs' return codes
 * say. Of a clsact qdisc nothing is removed but what is ours.
 */
#ifndef FLOWNER_COLLECT_TC_ATTACH_H
#define FLOWNER_COLLECT_TC_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

struct tc_attachment;

/*
 * A tcx link goes with the process that holds it, however that ends, but each costs the kernel two
 * grace periods of RCU with all network configuration locked, some 20 ms, and as much when it is
 * removed. A filter takes 0.2 ms. But filters run after all tcx programs, and only if these say
 * "next": where somebody else's are, only a tcx link sees every packet.
 */
enum tc_way {
	TC_TCX,     /* where the kernel has it, else as filters */
	TC_FILTERS, /* but tcx where other tcx programs are */
	TC_FILTERS_ALWAYS,
};

/*
 * To the device `ifindex` of the calling thread's namespace. The programs stay the caller's; the
 * attachment holds them too.
 *
 * Filters outlive a process that is killed. Their handle is the pid of who made them; those of a
 * flowner that is dead are removed here first, if this one is to have filters too.
 *
 * 0; -ENODEV: there is no such device (any more); -EBUSY: an ingress qdisc is in the way, which has
 * no egress side; or another -errno. Owned by the caller.
 */
int tc_attach(struct tc_attachment **out, uint32_t ifindex, int in_fd, int out_fd, enum tc_way way);

bool tc_is_tcx(const struct tc_attachment *a);

/*
 * In the namespace that the device is in; for tcx in any. NULL is fine. That the device is gone is
 * fine.
 */
void tc_detach(struct tc_attachment *a);

/*
 * The device is gone, or has moved into another namespace, where filters do not go along, but tcx
 * links do: these are removed. In whatever namespace.
 */
void tc_detach_gone(struct tc_attachment *a);

#endif

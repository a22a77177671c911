// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records by the number, more than the ring takes. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "emit.bpf.h"
#include "flowner_abi.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u32 states, owned; /* how many of each; at most 256 */
__u64 made;          /* numbers them, in sock.cookie */

SEC("tc")
int emit(void *ctx)
{
	for (__u32 i = 0; i < 256 && i < states; i++) {
		struct fl_state *r = emit_begin(FL_STATE, sizeof(*r));

		made++;
		if (r) {
			r->sock.cookie = made;
			emit_end(r);
		}
	}
	for (__u32 i = 0; i < 256 && i < owned; i++) {
		struct fl_owned *r = emit_begin(FL_LISTEN, sizeof(*r));

		made++;
		if (r) {
			r->sock.cookie = made;
			emit_end(r);
		}
	}
	return 0;
}

SEC("tc")
int filtered(void *ctx)
{
	emit_filtered();
	return 0;
}

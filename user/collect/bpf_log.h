/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef FLOWNER_COLLECT_BPF_LOG_H
#define FLOWNER_COLLECT_BPF_LOG_H

/* Have libbpf's messages appear with -v, and only then; turn its errors into plain -errno. */
void bpf_log_init(void);

#endif

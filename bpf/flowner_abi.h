/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side sends and the user side reads: the only types both share. Fixed-width
 * integers, explicit padding, sizes asserted. All values in host byte order but for addresses,
 * which are in network order, and ports, which are in network order where the name says `be`.
 */
#ifndef FLOWNER_ABI_H
#define FLOWNER_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FL_COMM_LEN 16

enum fl_type {
	FL_LISTEN = 1,         /* struct fl_owned */
	FL_SYN_SENT = 2,       /* struct fl_owned */
	FL_ESTABLISHED = 3,    /* struct fl_state */
	FL_STATE = 4,          /* struct fl_state: any other transition, only with --states */
	FL_CLOSE = 5,          /* struct fl_close: any state to CLOSE */
	FL_ACCEPT = 6,         /* struct fl_owned */
	FL_RETRANSMIT = 7,     /* struct fl_trouble */
	FL_RESET_SENT = 8,     /* struct fl_trouble */
	FL_RESET_RECEIVED = 9, /* struct fl_trouble */
	FL_FAR_CLIENT = 10,    /* struct fl_owned: see FL_FAR; pid 0: its process was not seen */
	FL_TYPE_MAX = 11,
};

/*
 * `lost` is how many records this CPU could not reserve since the program was loaded, so the reader
 * knows the place and the exact size of every gap.
 */
struct fl_header {
	__u64 time; /* CLOCK_BOOTTIME, ns */
	__u16 type; /* enum fl_type */
	__u16 len;  /* of the whole record, this header included */
	__u16 cpu;
	__u16 flags; /* FL_FAR */
	__u64 lost;
};

/* The socket itself did not pass the filter; it is told because its peer did. */
#define FL_FAR 0x1

/* What a socket knows of itself in any context. */
struct fl_sock {
	__u64 cookie;
	__u64 netns_cookie;
	__u64 cgroup; /* id of its cgroup (v2) at creation; 0: unknown */
	__u32 netns_inum;
	__u32 uid;
	/*
	 * The connection's two initial sequence numbers, each perhaps off by one (model/conn_id.h):
	 * snd_una - bytes_acked and rcv_nxt - bytes_received. Never shown or stored.
	 */
	__u32 isn_own, isn_other;
	__u8 local_addr[16]; /* AF_INET: the first four bytes */
	__u8 remote_addr[16];
	__be16 local_port_be;
	__be16 remote_port_be;
	__u16 family;
	__u8 old_state, state; /* the kernel's TCP_* values */
};

/* The current task, where it is the one that acts. */
struct fl_task {
	__u64 cgroup; /* id in the hierarchy of the pids controller: v1 and v2 alike */
	__u32 pid, tid, ppid, uid;
	__u8 comm[FL_COMM_LEN];
};

struct fl_state {
	struct fl_header hdr;
	struct fl_sock sock;
};

struct fl_owned {
	struct fl_header hdr;
	struct fl_sock sock;
	struct fl_task task;
	__u32 backlog; /* FL_LISTEN */
	__u32 pad;
};

/* Bits of fl_counts.flags. */
#define FL_FIN_RECEIVED 0x1
#define FL_SEND_QUEUE   0x2 /* not all that is to be sent, a FIN included, has been sent once */
#define FL_OF_LISTENER  0x4 /* sk_max_ack_backlog, which is copied from the listener, is not 0 */

/* The transport's counters, as the socket holds them. */
struct fl_counts {
	__u64 tx_bytes;    /* bytes_sent - bytes_retrans: payload, and again what was not let out */
	__u64 rx_bytes;    /* bytes_received: a FIN counts as one byte */
	__u64 acked_bytes; /* bytes_acked: an active opener's SYN, and a FIN, count as one each */
	__u32 in_flight;   /* snd_nxt - snd_una */
	__u32 tx_segments, rx_segments;
	__u32 retransmits;
	__u32 srtt_us, min_rtt_us; /* 0: no sample */
	__u16 error;               /* sk_err, an errno */
	__u16 flags;
	__u32 pad;
};

struct fl_close {
	struct fl_header hdr;
	struct fl_sock sock;
	struct fl_counts counts;
};

struct fl_trouble {
	struct fl_header hdr;
	struct fl_sock sock;
	__u32 retransmits;
	__s32 reason; /* FL_RESET_SENT: enum sk_rst_reason (6.10), else -1 */
};

/* Who holds a socket. */
enum fl_held {
	FL_HELD_PROCESS = 0, /* fl_snapshot.task; of all others the task is zero */
	FL_HELD_FILE = 1,    /* some process, which is not told */
	FL_HELD_QUEUE = 2,   /* a listener: nobody has accepted it yet */
	FL_HELD_NOBODY = 3,  /* what the process has closed: FIN_WAIT…, TIME_WAIT */
	FL_HELD_KERNEL = 4,
	FL_HELD_MAX = 5,
};

#define FL_IDLE_UNKNOWN 0xffffffffu

/* One socket, from an iterator; no header: it comes through a seq_file. */
struct fl_snapshot {
	struct fl_sock sock;
	struct fl_task task;
	struct fl_counts counts;
	__u32 backlog; /* LISTEN: how many may wait to be accepted… */
	__u32 queued;  /* …and how many do */
	__u32 fd;
	__u32 idle;     /* jiffies since data was last sent or received, or FL_IDLE_UNKNOWN */
	__u16 protocol; /* IPPROTO_TCP; others only where asked for, and without isn_* and counts */
	__u8 held;      /* enum fl_held */
	/* TIME_WAIT and NEW_SYN_RECV are no full sockets: without counts, and what is not known of
	 * them is zero. */
	__u8 mini;
	__u8 pad[4];
};

/* Per CPU; what became of every event a program was called for. */
struct fl_counters {
	__u64 submitted[FL_TYPE_MAX];
	__u64 lost[FL_TYPE_MAX]; /* no room in the ring */
	__u64 lost_total;
	__u64 filtered;  /* dropped by a filter, before any reservation */
	__u64 unwatched; /* sockets of a wanted process that `watched` had no room for */
	__u64 unknown;   /* an accept(2) whose socket could not be found */
	__u64 again;     /* what a second program took (again.bpf.h) */
};

/* Filters, constant from load on: the verifier removes the code of those not in use. */
#define FL_WATCHED_MAX (1 << 17)
#define FL_PIDS_MAX    16
#define FL_COMMS_MAX   8
#define FL_PORTS_MAX   16
#define FL_HOSTS_MAX   8

struct fl_host {
	__u8 addr[16]; /* v4 as v4-mapped v6 */
	__u8 mask[16];
};

struct fl_filter {
	__u32 netns_one;   /* the usual single netns, one compare; 0: none or many */
	__u32 netns_many;  /* != 0: look into the map `netns_wanted` */
	__u32 task_wanted; /* != 0: pids or comms below; verdicts are kept in `watched` */
	__u32 npids, ncomms, nports, nhosts;
	__u32 family;           /* AF_INET or AF_INET6 only; 0: both. v4-mapped is AF_INET */
	__u32 container_wanted; /* != 0: look into the map `container_verdicts` */
	__u32 pids[FL_PIDS_MAX];
	__u16 ports[FL_PORTS_MAX]; /* host order */
	__u8 comms[FL_COMMS_MAX][FL_COMM_LEN];
	struct fl_host hosts[FL_HOSTS_MAX];
};

/* Why a socket is in the map `watched`. */
#define FL_WATCH_TASK      0x1 /* its process passed */
#define FL_WATCH_CONTAINER 0x2 /* in a wanted container, or told before that was decided */

/* User space's verdicts about what belongs to a container. */
#define FL_VERDICTS_MAX 16384

enum fl_verdict_kind {
	FL_VERDICT_NETNS = 0, /* id: the namespace's cookie */
	FL_VERDICT_SOCK = 1,  /* id: fl_sock.cgroup */
	FL_VERDICT_TASK = 2,  /* id: fl_task.cgroup, perhaps of another hierarchy */
};

enum fl_verdict {
	FL_VERDICT_NONE = 0, /* never in the map */
	FL_VERDICT_WANTED = 1,
	FL_VERDICT_UNWANTED = 2, /* of a namespace: ask further */
};

struct fl_verdict_key {
	__u64 id;
	__u64 kind; /* enum fl_verdict_kind */
};

#define FL_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
FL_ASSERT_SIZE(struct fl_header, 24);
FL_ASSERT_SIZE(struct fl_sock, 80);
FL_ASSERT_SIZE(struct fl_task, 40);
FL_ASSERT_SIZE(struct fl_state, 104);
FL_ASSERT_SIZE(struct fl_owned, 152);
FL_ASSERT_SIZE(struct fl_counts, 56);
FL_ASSERT_SIZE(struct fl_close, 160);
FL_ASSERT_SIZE(struct fl_trouble, 112);
FL_ASSERT_SIZE(struct fl_snapshot, 200);

#endif

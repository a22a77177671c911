// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_query.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "collect/rtnl_read.h"
#include "net/nlsock.h"

/* The most that the kernel puts into one message of a dump (netlink's max_recvmsg_len). */
#define ANSWER_MAX 32768

struct rtnl_query {
	struct nl_sock *sk;
};

int rtnl_query_open(struct rtnl_query **out)
{
	struct rtnl_query *q = calloc(1, sizeof(*q));
	const int one = 1;
	int err;

	if (!q)
		return -ENOMEM;
	err = nlsock_open(&q->sk);
	if (!err)
		err = nlsock_errno(nl_socket_set_msg_buf_size(q->sk, ANSWER_MAX));
	if (err) {
		rtnl_query_close(q);
		return err;
	}
	/* Else a dump of addresses (rtnl_addr.h) does not heed the namespace asked for. */
	if (setsockopt(nl_socket_get_fd(q->sk), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
		       sizeof(one)))
		log_debug("rtnetlink has no strict checking: %s", strerror(errno));
	nl_socket_disable_msg_peek(q->sk);
	nl_socket_disable_auto_ack(q->sk);
	*out = q;
	return 0;
}

void rtnl_query_close(struct rtnl_query *q)
{
	if (!q)
		return;
	nlsock_close(q->sk);
	free(q);
}

static int keep_errno(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	(void)who;
	*(int *)arg = e->error;
	return NL_STOP;
}

/* A dump that failed says so at its end; libnl does not look there. */
static int on_end(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);

	if (nlmsg_datalen(h) >= (int)sizeof(int))
		memcpy(arg, nlmsg_data(h), sizeof(int));
	return NL_OK;
}

int rtnl_query_ask(struct rtnl_query *q, struct nl_msg *msg,
		   int (*fn)(struct nl_msg *msg, void *arg), void *arg)
{
	struct nl_cb *cb;
	int err, answer = 0;

	err = nl_send_auto(q->sk, msg);
	nlmsg_free(msg);
	if (err < 0)
		return nlsock_errno(err);
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!cb)
		return -ENOMEM;
	nl_cb_err(cb, NL_CB_CUSTOM, keep_errno, &answer);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &answer);
	err = nl_recvmsgs(q->sk, cb);
	nl_cb_put(cb);
	if (err == -NLE_DUMP_INTR)
		return -EINTR;
	return answer ? answer : nlsock_errno(err < 0 ? err : 0);
}

/* --- namespaces --- */

static struct nl_msg *nsid_msg(int type, int flags, int netns_fd)
{
	struct rtgenmsg gen = {.rtgen_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && !nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO) &&
	    !nla_put_u32(msg, NETNSA_FD, (uint32_t)netns_fd))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int read_nsid(struct nl_msg *msg, void *arg)
{
	*(int32_t *)arg = rtnl_read_nsid(nlmsg_hdr(msg));
	return NL_OK;
}

static int get_nsid(struct rtnl_query *q, int netns_fd, int32_t *nsid)
{
	struct nl_msg *msg = nsid_msg(RTM_GETNSID, 0, netns_fd);

	*nsid = RTNL_NO_NSID;
	return msg ? rtnl_query_ask(q, msg, read_nsid, nsid) : -ENOMEM;
}

int rtnl_query_nsid(struct rtnl_query *q, int netns_fd, int32_t *nsid)
{
	struct nl_msg *msg;
	int err;

	err = get_nsid(q, netns_fd, nsid);
	if (err || *nsid != RTNL_NO_NSID)
		return err;
	msg = nsid_msg(RTM_NEWNSID, NLM_F_ACK, netns_fd);
	if (!msg)
		return -ENOMEM;
	if (nla_put_s32(msg, NETNSA_NSID, RTNL_NO_NSID)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	err = nlsock_talk(q->sk, msg);
	/* -EEXIST: somebody was faster. */
	if (err && err != -EEXIST)
		return err;
	err = get_nsid(q, netns_fd, nsid);
	return err ? err : *nsid == RTNL_NO_NSID ? -EIO : 0;
}

/* --- devices --- */

static struct nl_msg *link_msg(int flags, int32_t nsid, uint32_t ifindex, uint32_t leave_out)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, flags);

	if (msg && !nlmsg_append(msg, &i, sizeof(i), NLMSG_ALIGNTO) &&
	    !nla_put_s32(msg, IFLA_TARGET_NETNSID, nsid) &&
	    !nla_put_u32(msg, IFLA_EXT_MASK, leave_out))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int on_link(struct nl_msg *msg, void *arg)
{
	rtnl_read_link(nlmsg_hdr(msg), arg);
	return NL_OK;
}

int rtnl_query_link(struct rtnl_query *q, int32_t nsid, uint32_t ifindex, struct rtnl_link *out)
{
	struct nl_msg *msg = link_msg(0, nsid, ifindex, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	out->ifindex = 0;
	err = rtnl_query_ask(q, msg, on_link, out);
	return err ? err : out->ifindex ? 0 : -EIO;
}

struct each {
	void (*fn)(void *ctx, const struct rtnl_link *l);
	void *ctx;
};

static int on_each(struct nl_msg *msg, void *arg)
{
	struct rtnl_link l;
	struct each *each = arg;

	if (rtnl_read_link(nlmsg_hdr(msg), &l))
		each->fn(each->ctx, &l);
	return NL_OK;
}

int rtnl_query_links(struct rtnl_query *q, int32_t nsid,
		     void (*fn)(void *ctx, const struct rtnl_link *l), void *ctx)
{
	struct each each = {fn, ctx};
	struct nl_msg *msg = link_msg(NLM_F_DUMP, nsid, 0, RTEXT_FILTER_SKIP_STATS);

	return msg ? rtnl_query_ask(q, msg, on_each, &each) : -ENOMEM;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/nlsock.h"

#include <errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

int nlsock_errno(int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

static int keep_errno(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	(void)who;
	*(int *)arg = e->error;
	return NL_STOP;
}

int nlsock_talk(struct nl_sock *sk, struct nl_msg *msg)
{
	struct nl_cb *cb;
	int err, answer = 0;

	err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	if (err < 0)
		return nlsock_errno(err);
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!cb)
		return -ENOMEM;
	nl_cb_err(cb, NL_CB_CUSTOM, keep_errno, &answer);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, NULL, NULL);
	err = nl_recvmsgs(sk, cb);
	nl_cb_put(cb);
	return answer ? answer : nlsock_errno(err < 0 ? err : 0);
}

int nlsock_open(struct nl_sock **out)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err;

	if (!sk)
		return -ENOMEM;
	err = nl_connect(sk, NETLINK_ROUTE);
	if (err) {
		/* nl_connect leaves socket(2)'s errno alone when it was that which failed. */
		err = errno == EMFILE || errno == ENFILE ? -errno : nlsock_errno(err);
		nl_socket_free(sk);
		return err;
	}
	*out = sk;
	return 0;
}

void nlsock_close(struct nl_sock *sk)
{
	if (sk)
		nl_socket_free(sk);
}

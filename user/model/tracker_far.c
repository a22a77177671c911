// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/tracker_internal.h"

static void on_far_client(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = tracker_new_endpoint(t, &r->sock);

	if (!ep)
		return;
	ep->role = ROLE_CLIENT;
	ep->guest = true;
	if (r->task.pid)
		tracker_set_owner(t, &ep->self.owner, OWNER_CONNECT, &r->sock, &r->task);
	tracker_set_owner_of_sock(t, &ep->self.owner, &r->sock);
	/* Should the server's own record, which follows, get lost. */
	endpoint_set_tentative(&t->endpoints, ep, r->hdr.time);
	endpoint_set_conn(&t->endpoints, ep,
			  conn_id(ROLE_CLIENT, r->sock.isn_own, r->sock.isn_other));
}

static void on_far_server(struct tracker *t, const struct fl_state *r)
{
	struct endpoint *ep = tracker_new_server(t, &r->sock);

	if (!ep)
		return;
	ep->guest = true;
	tracker_borrow_listener(t, ep);
	tracker_set_owner_of_sock(t, &ep->self.owner, &r->sock);
	tracker_tell_waiting_connect(ep, false);
	if (!ep->peer)
		endpoint_set_tentative(&t->endpoints, ep, r->hdr.time);
}

static void on_far_accept(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);

	if (!ep)
		return;
	tracker_set_owner(t, &ep->self.owner, OWNER_ACCEPT, &r->sock, &r->task);
	tracker_tell_waiting_connect(ep, true);
}

void tracker_on_far(struct tracker *t, const struct fl_header *hdr)
{
	if (hdr->type == FL_FAR_CLIENT)
		on_far_client(t, (const struct fl_owned *)hdr);
	else if (hdr->type == FL_ESTABLISHED)
		on_far_server(t, (const struct fl_state *)hdr);
	else if (hdr->type == FL_ACCEPT)
		on_far_accept(t, (const struct fl_owned *)hdr);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a clerk might say that the ledger does not give. */
#include "plain/history_inner.h"

void h_spoil_verdict(struct history *h, struct cty_verdict *v)
{
    switch (h_pick(h, 13)) {
    case 10:
        v->consent = !v->consent;
        return;
    case 11:
        v->policies[0].conflict = !v->policies[0].conflict;
        return;
    case 12:
        if (v->travelled_count)
            v->travelled_count--;
        else
            v->travelled[v->travelled_count++] = h->b->digests[h_pick(h, h_plain(h)->size)];
        return;
    case 0:
        v->effect = (v->effect + 1) % 3;
        return;
    case 1:
        v->decide_by++;
        return;
    case 2:
        v->use_ms++;
        return;
    case 3:
        v->report_ms++;
        return;
    case 4:
        v->payload = bridge_payload(h_pick(h, h->payloads + 1));
        return;
    case 5:
        v->revision++;
        return;
    case 6:
        v->policies[0].rule++;
        return;
    case 7:
        v->quorum_count = v->quorum_count == 0;
        v->quorum[0].scope = CTY_LITERAL("ledger");
        return;
    case 8:
        if (v->quorum_count)
            v->quorum[0].approvals++;
        return;
    default:
        v->executor = CTY_LITERAL("operator/ada");
        return;
    }
}

void h_spoil_release(struct history *h, struct cty_release *r)
{
    switch (h_pick(h, 6)) {
    case 0:
        r->use_by++;
        return;
    case 1:
        r->report_ms++;
        return;
    case 2:
        r->payload = bridge_payload(h_pick(h, h->payloads + 1));
        return;
    case 3:
        if (r->decisions_count)
            r->decisions_count--;
        return;
    case 4:
        r->decisions[r->decisions_count++] = h->b->digests[h_pick(h, h_plain(h)->size)];
        return;
    default:
        r->executor = CTY_LITERAL("operator/ada");
        return;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/proto/samples.h"

#define TEXT(text) cty_bytes_text(text)

static struct cty_hash hash_of(uint8_t byte)
{
    struct cty_hash hash;
    memset(hash.bytes, byte, sizeof(hash.bytes));
    return hash;
}

#define AWKWARD "{\"a\":\"b\\n\"}\n\"quoted\" \xc3\xa9 \x01"
#define VKEY "custody.example/x+01234567+AAAA"

struct cty_rpc_call sample_call(enum cty_rpc rpc)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_TEXT, .text = TEXT("call \"1\"")}, .rpc = rpc};
    struct cty_rpc_params *p = &call.params;
    p->session = (struct cty_opt_hash){hash_of(7), true};
    switch (rpc) {
    case CTY_RPC_INFO:
    case CTY_RPC_SESSION_CHALLENGE:
    case CTY_RPC_SESSION_CLOSE:
    case CTY_RPC_WITNESSES:
    case CTY_RPC_COUNT:
        break;
    case CTY_RPC_SESSION_OPEN:
        p->u.session_open.envelope = TEXT(AWKWARD);
        break;
    case CTY_RPC_SUBMIT:
        p->u.submit.envelope = TEXT(AWKWARD);
        p->u.submit.blobs[0] = (struct cty_rpc_blob){TEXT("aGVsbG8="), TEXT("payload"), TEXT("c2FsdA=="), false};
        p->u.submit.blobs[1] = (struct cty_rpc_blob){.member = TEXT("admins/0/name"), .staged = true};
        p->u.submit.blobs_count = 2;
        break;
    case CTY_RPC_CHECKPOINT:
        p->u.checkpoint.min_size = 12;
        p->u.checkpoint.witnessed = true;
        break;
    case CTY_RPC_PROOF_INCLUSION:
        p->u.proof_inclusion.index = 3;
        p->u.proof_inclusion.size = 5;
        break;
    case CTY_RPC_TILE:
        p->u.tile.path = TEXT("tile/0/x001/234.p/5");
        break;
    case CTY_RPC_PROOF_CONSISTENCY:
        p->u.proof_consistency.from = 3;
        p->u.proof_consistency.to = 9;
        break;
    case CTY_RPC_ENTRIES:
        p->u.entries.from = 4;
        p->u.entries.count = 256;
        break;
    case CTY_RPC_CASE_GET:
        p->u.case_get.case_id = hash_of(1);
        break;
    case CTY_RPC_CASE_LIST:
        p->u.case_list.after = 9;
        p->u.case_list.holder = TEXT("acme/bot");
        p->u.case_list.limit = 256;
        p->u.case_list.mine = CTY_MINE_DECIDE;
        p->u.case_list.state[0] = TEXT("HELD");
        p->u.case_list.state[1] = TEXT("RELEASED");
        p->u.case_list.state_count = 2;
        break;
    case CTY_RPC_CASE_NEWS:
        p->u.case_news.known = 5;
        p->u.case_news.limit = 256;
        p->u.case_news.mine = CTY_MINE_OFFERED;
        p->u.case_news.timeout_ms = 55000;
        break;
    case CTY_RPC_CASE_WAIT:
        p->u.case_wait.case_id = hash_of(2);
        p->u.case_wait.known = 77;
        p->u.case_wait.timeout_ms = 55000;
        break;
    case CTY_RPC_CASE_ENTRIES:
        p->u.case_entries.case_id = hash_of(3);
        p->u.case_entries.from = 8;
        break;
    case CTY_RPC_TRUST_ENTRIES:
        p->u.trust_entries.count = 5;
        p->u.trust_entries.from = 6;
        break;
    case CTY_RPC_ACTORS:
        p->u.actors.after = TEXT("acme/a");
        p->u.actors.limit = 10;
        p->u.actors.party = TEXT("acme");
        break;
    case CTY_RPC_POLICY:
        p->u.policy.scope = TEXT("ledger");
        break;
    case CTY_RPC_BLOB_GET:
        p->u.blob_get.case_id = (struct cty_opt_hash){hash_of(4), true};
        p->u.blob_get.member = TEXT("payload");
        p->u.blob_get.statement = hash_of(5);
        break;
    case CTY_RPC_BLOB_STAGE:
        p->u.blob_stage.commitment = hash_of(6);
        p->u.blob_stage.content = TEXT("aGVsbG8=");
        p->u.blob_stage.salt = TEXT("c2FsdA==");
        break;
    case CTY_RPC_WITNESS_ADD:
        p->u.witness_add.body = TEXT("old 0\n\nnote\n");
        break;
    case CTY_RPC_WITNESS_CHECKPOINT:
        p->u.witness_checkpoint.origin = TEXT("custody.example/x");
        break;
    }
    return call;
}

static void sample_case(struct cty_rpc_case *c)
{
    c->blobs = TEXT("[{\"member\":\"payload\",\"statement\":\"00\"}]");
    c->checkpoint = TEXT("origin\n1\nroot\n\n");
    c->due = 5;
    c->entries = TEXT("[1,2,3]");
    c->may_decide = true;
    c->blocked = TEXT("consent-missing");
    c->offer_open = true;
    c->offered = true;
    c->quorum[0] = (struct cty_rpc_quorum){.have = 0, .needed = 2, .scope = TEXT("ledger")};
    c->quorum[1] = (struct cty_rpc_quorum){.escalated = true, .have = 1, .needed = 1, .scope = TEXT("acme")};
    c->quorum_count = 2;
    c->record = TEXT("{\"state\":\"HELD\"}");
    c->state = TEXT("HELD");
}

static void sample_info(union cty_rpc_result *r)
{
    r->info.checkpoint = TEXT("origin\n1\nroot\n\n\xe2\x80\x94 name sig\n");
    r->info.clerk_key = TEXT(VKEY);
    r->info.development = true;
    r->info.doors[0] = TEXT("ipc:///tmp/a");
    r->info.doors[1] = TEXT("tcp://127.0.0.1:1");
    r->info.doors_count = 2;
    r->info.ledger = TEXT("custody.example/x");
    r->info.log_key = TEXT(VKEY);
    r->info.readers = CTY_READERS_PUBLIC;
    r->info.reason = TEXT("the \"disk\"");
    r->info.rotations[0] = 3;
    r->info.rotations[1] = 9;
    r->info.rotations_count = 2;
    r->info.size = 4;
    r->info.state = CTY_SERVING_CLOCK;
    r->info.time = 123;
    r->info.version = TEXT("0.1.0");
}

static void sample_submit(union cty_rpc_result *r)
{
    r->submit.digest = hash_of(9);
    r->submit.duplicate = true;
    r->submit.own = (struct cty_rpc_receipt){TEXT(AWKWARD), 5, TEXT("proof\n")};
    r->submit.follow[0] = (struct cty_rpc_receipt){TEXT("{}"), 6, TEXT("proof\n")};
    r->submit.follow[1] = (struct cty_rpc_receipt){TEXT("{}"), 7, TEXT("proof\n")};
    r->submit.follow_count = 2;
}

static void sample_witnesses(union cty_rpc_result *r)
{
    r->witnesses.policy = TEXT("log a\nquorum none\n");
    r->witnesses.missing[r->witnesses.missing_count++] = TEXT("second");
    r->witnesses.quorum_size = 9;
    r->witnesses.quorum_time = 1700000000000;
    r->witnesses.witnesses[0] = (struct cty_rpc_witness){TEXT(""), TEXT(VKEY), TEXT("first"), 9, CTY_WITNESS_OK, 7000};
    r->witnesses.witnesses[1] = (struct cty_rpc_witness){TEXT("no answer"), TEXT(VKEY), TEXT("second"), 0,
                                                         CTY_WITNESS_SILENT, 0};
    r->witnesses.witnesses_count = 2;
}

void sample_result(enum cty_rpc rpc, union cty_rpc_result *r)
{
    memset(r, 0, sizeof(*r));
    switch (rpc) {
    case CTY_RPC_INFO:
        sample_info(r);
        break;
    case CTY_RPC_SESSION_CHALLENGE:
        r->session_challenge.expires = 1;
        memset(r->session_challenge.server_nonce, 3, 16);
        break;
    case CTY_RPC_SESSION_OPEN:
        r->session_open.actor = TEXT("acme/a");
        r->session_open.expires = 2;
        r->session_open.session = hash_of(1);
        break;
    case CTY_RPC_SESSION_CLOSE:
    case CTY_RPC_BLOB_STAGE:
    case CTY_RPC_COUNT:
        break;
    case CTY_RPC_WITNESS_ADD:
        r->witness_add.body = TEXT("12\n");
        r->witness_add.status = 409;
        break;
    case CTY_RPC_WITNESS_CHECKPOINT:
        r->witness_checkpoint.checkpoint = TEXT("note\n");
        break;
    case CTY_RPC_SUBMIT:
        sample_submit(r);
        break;
    case CTY_RPC_CHECKPOINT:
        r->checkpoint.checkpoint = TEXT("note\n");
        r->checkpoint.size = 9;
        break;
    case CTY_RPC_PROOF_INCLUSION:
        r->proof_inclusion.receipt = TEXT("proof\n");
        break;
    case CTY_RPC_WITNESSES:
        sample_witnesses(r);
        break;
    case CTY_RPC_TILE:
        r->tile.content = TEXT("aGVsbG8=");
        break;
    case CTY_RPC_PROOF_CONSISTENCY:
        r->proof_consistency.from = 1;
        r->proof_consistency.to = 2;
        r->proof_consistency.root_from = hash_of(1);
        r->proof_consistency.root_to = hash_of(2);
        r->proof_consistency.hashes[0] = TEXT("aGFzaA==");
        r->proof_consistency.hashes_count = 1;
        break;
    case CTY_RPC_ENTRIES:
        r->entries.checkpoint = TEXT("note\n");
        r->entries.entries = TEXT("[\"{\\\"a\\\":1}\",\"two\"]");
        r->entries.from = 1;
        r->entries.size = 3;
        break;
    case CTY_RPC_CASE_GET:
        sample_case(&r->case_get);
        break;
    case CTY_RPC_CASE_WAIT:
        sample_case(&r->case_wait);
        r->case_wait.changed = true;
        break;
    case CTY_RPC_CASE_LIST:
        r->case_list.cases = TEXT("[]");
        r->case_list.next = 4;
        r->case_list.size = 12;
        break;
    case CTY_RPC_CASE_NEWS:
        r->case_news.cases = TEXT("[]");
        r->case_news.known = 11;
        break;
    case CTY_RPC_CASE_ENTRIES:
        r->case_entries.checkpoint = TEXT("note\n");
        r->case_entries.entries = TEXT("[\"one\"]");
        r->case_entries.next = 4;
        r->case_entries.trust = TEXT("[0,1]");
        break;
    case CTY_RPC_TRUST_ENTRIES:
        r->trust_entries.checkpoint = TEXT("note\n");
        r->trust_entries.entries = TEXT("[\"one\"]");
        r->trust_entries.next = 4;
        break;
    case CTY_RPC_ACTORS:
        r->actors.actors = TEXT("[{}]");
        r->actors.next = TEXT("acme/b");
        break;
    case CTY_RPC_POLICY:
        r->policy.digest = (struct cty_opt_hash){hash_of(1), true};
        r->policy.policy = TEXT("{\"admin_quorum\":1,\"rules\":[]}");
        break;
    case CTY_RPC_BLOB_GET:
        r->blob_get.content = TEXT("aGVsbG8=");
        r->blob_get.salt = TEXT("c2FsdA==");
        break;
    }
}

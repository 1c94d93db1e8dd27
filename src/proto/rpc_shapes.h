/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each method takes and gives, as structs and as shapes (spec/wire.md, "Methods"). Both ends use the same
 * tables: the custodian decodes parameters and encodes results, a client the other way round.
 *
 * Texts are borrowed from the message they were decoded from, with their escapes resolved. Lists without a
 * small bound are raw: the RFC 8785 text of an array, which one end writes and the other walks with cty_rpc_list.
 */
#ifndef CTY_PROTO_RPC_SHAPES_H
#define CTY_PROTO_RPC_SHAPES_H

#include "base/limits.h"
#include "model/statement.h"

enum cty_rpc {
#define CTY_RPC(name, text, access) CTY_RPC_##name,
#include "proto/methods.def"
#undef CTY_RPC
    CTY_RPC_COUNT
};

enum cty_rpc_access { CTY_RPC_OPEN, CTY_RPC_MEMBERS, CTY_RPC_SESSION, CTY_RPC_WITNESS };

/* What the custodian does at the moment, in `info`. */
enum cty_service_state {
    CTY_SERVING,
    CTY_SERVING_READS,
    CTY_SERVING_CLOCK,
    CTY_SERVING_STOPPED,
    CTY_SERVING_CLOSED,
    CTY_SERVING_WITNESSES, /* what its witnesses have seen is not known yet */
    CTY_SERVING_BEHIND     /* one of them has seen more than it holds */
};
extern const char *const cty_service_state_names[];

/* Which cases `case.list` lists. */
enum cty_mine { CTY_MINE_ANY, CTY_MINE_REQUESTER, CTY_MINE_HOLDER, CTY_MINE_DECIDE, CTY_MINE_OFFERED };

/* How the custodian stands with one of its witnesses. */
enum cty_witness_state {
    CTY_WITNESS_OK,       /* it stands on the newest checkpoint, or on one that is submitted to it right now */
    CTY_WITNESS_BEHIND,   /* it answers, and stands on an older one */
    CTY_WITNESS_SILENT,   /* no answer that says something */
    CTY_WITNESS_REFUSES,  /* it answers, and cosigns nothing of ours */
    CTY_WITNESS_CONFLICT, /* it has seen another ledger of this name */
};
extern const char *const cty_witness_state_names[];

/* Most states that a filter names: one for each that there is, with room. */
#define CTY_RPC_STATES_MAX 16

/* A content in base64, with its salt, or the word that it was staged before. */
struct cty_rpc_blob {
    struct cty_bytes content; /* base64; data NULL where staged */
    struct cty_bytes member;
    struct cty_bytes salt;    /* base64; data NULL where staged */
    bool staged;
};

struct cty_rpc_nothing {
    bool nothing;
};

struct cty_rpc_params {
    struct cty_opt_hash session;
    union {
        struct cty_rpc_nothing info;
        struct cty_rpc_nothing session_challenge;
        struct {
            struct cty_bytes envelope;
        } session_open;
        struct cty_rpc_nothing session_close;
        struct {
            struct cty_rpc_blob blobs[CTY_BLOBS_PER_STATEMENT_MAX];
            uint32_t blobs_count;
            struct cty_bytes envelope;
        } submit;
        struct {
            uint64_t min_size;
            bool witnessed; /* its cosignatures have to meet the custodian's policy */
        } checkpoint;
        struct {
            uint64_t index;
            uint64_t size;  /* 0: the newest */
            bool witnessed; /* as above; then `size` is 0 */
        } proof_inclusion;
        struct {
            uint64_t from;
            uint64_t to;
        } proof_consistency;
        struct {
            struct cty_bytes path; /* ledger/tile_path.h */
        } tile;
        struct {
            uint64_t count; /* 0: as many as one answer holds */
            uint64_t from;
        } entries;
        struct {
            struct cty_hash case_id;
        } case_get;
        struct {
            uint64_t after;
            struct cty_bytes holder; /* data NULL: any */
            uint64_t limit;
            int mine; /* enum cty_mine */
            struct cty_bytes state[CTY_RPC_STATES_MAX];
            uint32_t state_count;
        } case_list;
        struct {
            uint64_t known;
            uint64_t limit;
            int mine;            /* enum cty_mine */
            uint64_t timeout_ms; /* 0: CTY_WAIT_MS_MAX */
        } case_news;
        struct {
            struct cty_hash case_id;
            uint64_t known;
            uint64_t timeout_ms; /* 0: CTY_WAIT_MS_MAX */
        } case_wait;
        struct {
            struct cty_hash case_id;
            uint64_t from;
        } case_entries;
        struct {
            uint64_t count;
            uint64_t from;
        } trust_entries;
        struct {
            struct cty_bytes after;
            uint64_t limit;
            struct cty_bytes party;
        } actors;
        struct {
            struct cty_bytes scope;
        } policy;
        struct {
            struct cty_opt_hash case_id; /* of which the statement is; helps to find it */
            struct cty_bytes member;
            struct cty_hash statement;
        } blob_get;
        struct {
            struct cty_hash commitment;
            struct cty_bytes content; /* base64 */
            struct cty_bytes salt;    /* base64 */
        } blob_stage;
        struct {
            struct cty_bytes body; /* as it is sent over HTTP */
        } witness_add;
        struct {
            struct cty_bytes origin;
        } witness_checkpoint;
    } u;
};

/* How far one clause of a quorum is. */
struct cty_rpc_quorum {
    bool escalated; /* others decide in place of those that the clause asked at first */
    uint64_t have;
    uint64_t needed;
    struct cty_bytes scope;
};

/* A case as it reads: of case.get, of case.wait, and of each row of case.list without the members it lacks. */
struct cty_rpc_case {
    struct cty_bytes blobs;   /* raw: array of {"member","statement"} */
    struct cty_bytes blocked; /* data NULL, or the code that an approval of the reader's would get for now */
    struct cty_hash case_id;  /* rows of case.list */
    bool changed;             /* case.wait */
    struct cty_bytes checkpoint;
    uint64_t due;             /* ms; 0: no deadline */
    struct cty_bytes entries; /* raw: array of indices */
    bool may_decide;
    bool offer_open;          /* the newest offer could be answered now */
    bool offered;             /* besides, it is made to the reader or its party */
    struct cty_rpc_quorum quorum[CTY_POLICIES_MAX];
    uint32_t quorum_count;
    struct cty_bytes record;  /* raw: the fold's record */
    struct cty_bytes state;
    uint64_t updated;         /* rows: index of the case's newest entry */
};

/* As many as a policy may name. */
#define CTY_RPC_WITNESSES_MAX 64u
/* One witness of the custodian's policy. */
struct cty_rpc_witness {
    struct cty_bytes detail; /* what came of it last, for people; may be empty */
    struct cty_bytes key;    /* vkey */
    struct cty_bytes name;   /* in the policy */
    uint64_t size;           /* of the newest checkpoint that it cosigned, as far as the custodian holds it; 0: none */
    int state;               /* enum cty_witness_state */
    uint64_t time;           /* ms, of its newest cosignature */
};

/* One entry with its proof. */
struct cty_rpc_receipt {
    struct cty_bytes entry;
    uint64_t index;
    struct cty_bytes receipt;
};
#define CTY_RPC_FOLLOW_MAX 4

/* One readable content of a case, in `blobs`. */
struct cty_rpc_blob_ref {
    struct cty_bytes member;
    struct cty_hash statement;
};

union cty_rpc_result {
    struct {
        struct cty_bytes checkpoint;
        struct cty_bytes clerk_key;
        bool development;
        struct cty_bytes doors[CTY_DOORS_MAX];
        uint32_t doors_count;
        struct cty_bytes ledger;
        struct cty_bytes log_key;
        int readers; /* enum cty_readers */
        struct cty_bytes reason;
        uint64_t rotations[CTY_ROTATIONS_PER_ANSWER_MAX];
        uint32_t rotations_count;
        uint64_t size;
        int state; /* enum cty_service_state */
        uint64_t time;
        struct cty_bytes version;
    } info;
    struct {
        uint64_t expires;
        uint8_t server_nonce[16];
    } session_challenge;
    struct {
        struct cty_bytes actor;
        uint64_t expires;
        struct cty_hash session;
    } session_open;
    struct cty_rpc_nothing session_close;
    struct {
        struct cty_hash digest;
        bool duplicate;
        struct cty_rpc_receipt follow[CTY_RPC_FOLLOW_MAX];
        uint32_t follow_count;
        struct cty_rpc_receipt own;
    } submit;
    struct {
        struct cty_bytes checkpoint;
        uint64_t size;
    } checkpoint;
    struct {
        struct cty_bytes receipt;
    } proof_inclusion;
    struct {
        uint64_t from;
        struct cty_bytes hashes[CTY_PROOF_HASHES_MAX]; /* base64 */
        uint32_t hashes_count;
        struct cty_hash root_from;
        struct cty_hash root_to;
        uint64_t to;
    } proof_consistency;
    struct {
        struct cty_bytes content; /* base64 */
    } tile;
    struct {
        struct cty_bytes missing[CTY_RPC_WITNESSES_MAX]; /* names of those that do not stand on the newest checkpoint */
        uint32_t missing_count;
        struct cty_bytes policy; /* empty: the custodian has none */
        uint64_t quorum_size;    /* of the newest checkpoint that meets it; 0: none */
        uint64_t quorum_time;    /* ms: when its quorum was complete, by the witnesses' clocks */
        struct cty_rpc_witness witnesses[CTY_RPC_WITNESSES_MAX];
        uint32_t witnesses_count;
    } witnesses;
    struct {
        struct cty_bytes checkpoint;
        struct cty_bytes entries; /* raw: array of texts */
        uint64_t from;
        uint64_t size;
    } entries;
    struct cty_rpc_case case_get;
    struct {
        struct cty_bytes cases; /* raw: array of cty_shape_rpc_case_row */
        uint64_t next;          /* 0: that was all */
        uint64_t size;
    } case_list;
    struct {
        struct cty_bytes cases; /* raw, as in case.list */
        uint64_t known;
    } case_news;
    struct cty_rpc_case case_wait;
    struct {
        struct cty_bytes checkpoint;
        struct cty_bytes entries; /* raw: array of texts */
        uint64_t next;            /* 0: that was all */
        struct cty_bytes trust;   /* raw: array of indices */
    } case_entries;
    struct {
        struct cty_bytes checkpoint;
        struct cty_bytes entries; /* raw: array of texts */
        uint64_t next;            /* 0: that was all */
    } trust_entries;
    struct {
        struct cty_bytes actors; /* raw: array of the fold's records */
        struct cty_bytes next;   /* data NULL: that was all */
    } actors;
    struct {
        struct cty_opt_hash digest;
        struct cty_bytes policy; /* raw; data NULL: there is none */
    } policy;
    struct {
        struct cty_bytes content; /* base64 */
        struct cty_bytes salt;    /* base64 */
    } blob_get;
    struct cty_rpc_nothing blob_stage;
    struct {
        struct cty_bytes body; /* as it is answered over HTTP; may be empty */
        uint64_t status;
    } witness_add;
    struct {
        struct cty_bytes checkpoint;
    } witness_checkpoint;
};

/* The table of methods. */
struct cty_rpc_method {
    const char *name;
    enum cty_rpc_access access;
    const struct cty_shape *params; /* of struct cty_rpc_params; without `session` */
    const struct cty_shape *result; /* of union cty_rpc_result */
};
/* Borrowed, constant. */
const struct cty_rpc_method *cty_rpc_method(enum cty_rpc rpc);
/* Errors: METHOD_UNKNOWN. */
CUSTODY_MUST_USE custody_err cty_rpc_find(struct cty_bytes name, enum cty_rpc *ret_rpc);

extern const struct cty_shape cty_shape_rpc_session;  /* `session` of struct cty_rpc_params */
extern const struct cty_shape cty_shape_rpc_case_row; /* of struct cty_rpc_case: a row of case.list */
extern const struct cty_shape cty_shape_rpc_blob_ref;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the enumerations of small histories share: the records of a state over those of a world, the fold over them, and
 * the set of forms that were seen. A state of a test holds its records in a struct small_records.
 */
#ifndef CTY_TESTS_UNIT_ESCROW_SMALL_H
#define CTY_TESTS_UNIT_ESCROW_SMALL_H

#include "unit/escrow/bench.h"

#define SMALL_RECORDS_MAX 16

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"
#define PERIODS "\"report_ms\":70,\"roles\":[\"approver\"],\"use_ms\":50"

/* Records that differ from the world's; the values are shared with other states. */
struct small_records {
    struct {
        const char *key;
        struct small_value *value;
    } list[SMALL_RECORDS_MAX];
    size_t count;
};

struct small {
    struct world *w;
    struct cty_view view;
    struct cty_delta delta; /* of the newest fold */
    struct cty_hash root, case_id;
    char root_text[65];
    char case_key[CTY_VIEW_KEY_MAX];
    uint64_t counter;
};

/* All histories are of one case of this world. */
void small_begin(struct small *small, struct world *w);
void small_end(struct small *small);

struct cty_bytes small_lookup(const struct small *small, const struct small_records *records, const char *key);
void small_decode(const struct small *small, const struct small_records *records, const struct cty_shape *shape,
                  const char *key, void *ret);
/* False where there is no case yet; *ret is empty then. */
bool small_case(const struct small *small, const struct small_records *records, struct cty_case *ret);
/* Bytes that were not given before. */
void small_unique(struct small *small, void *out, size_t size);

/* Brings `seen` to the ledger's size, and folds the statement over the records. in->keys and in->digest are the caller's. */
custody_err small_fold(struct small *small, const struct small_records *records, uint64_t time, struct cty_statement *st,
                       const struct cty_case *c, struct cty_fold_input *in);

/* What the clerk says next, a verdict or a release as st->type says. */
void small_clerk(struct small *small, const struct small_records *records, uint64_t time, struct cty_statement *st);

/* The copy holds the values too. */
void small_hold(struct small_records *copy);
void small_drop(struct small_records *records);
/* Puts the newest delta, but for the records whose keys begin with one of `without` (up to NULL). */
void small_take(const struct small *small, struct small_records *records, const char *const without[]);

/* A distance to now; all that is past is the same. */
long long small_from_now(uint64_t moment, uint64_t now);

/* Forms of states; each has a number from 0 on. */
struct small_forms {
    char **texts;
    uint32_t *numbers;
    size_t size; /* a power of two, twice what it may hold */
    uint32_t count;
};
void small_forms_begin(struct small_forms *forms, size_t size);
void small_forms_end(struct small_forms *forms);
/* True where it was not there. */
bool small_forms_add(struct small_forms *forms, const char *form, uint32_t *ret_number);

/* States that wait to be looked at. */
struct small_queue {
    void **list;
    size_t head, tail, capacity;
};
void small_queue_push(struct small_queue *queue, void *state);

#endif

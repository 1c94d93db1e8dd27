/* SPDX-License-Identifier: Apache-2.0 */
#include "client/judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/inner.h"
#include "codec/text.h"

void cty_judgement_free(struct cty_judgement *judgement)
{
    if (!judgement)
        return;
    cty_evidence_free(judgement->evidence);
    cty_memory_free(judgement->memory);
    cty_buf_done(&judgement->note);
    free(judgement);
}

void cty_judgement_free_pointer(struct cty_judgement **judgement)
{
    cty_judgement_free(*judgement);
    *judgement = NULL;
}

/* ---- entries of the case ---- */

static bool is_of_case(const struct cty_signed *statement, const struct cty_hash *case_id)
{
    if (statement->statement.type == CTY_REQUEST)
        return cty_hash_equal(&statement->digest, case_id);
    return (cty_type_flags(statement->statement.type) & CTY_TYPE_CASE) != 0 &&
           cty_hash_equal(&statement->statement.case_id, case_id);
}

custody_err cty_judgement_each(const struct cty_judgement *judgement,
                               custody_err (*each)(void *context, const struct cty_parsed_entry *entry,
                                                   struct cty_bytes text),
                               void *context)
{
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    custody_err err = parsed ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
    for (size_t i = 0; err == CUSTODY_OK && i < cty_evidence_entries(judgement->evidence); i++) {
        struct cty_bytes text = cty_evidence_entry(judgement->evidence, i);
        err = cty_entry_parse(text, parsed, NULL);
        if (err == CUSTODY_OK && is_of_case(&parsed->signed_statement, &judgement->case_id))
            err = each(context, parsed, text);
    }
    cty_parsed_entry_done(parsed);
    free(parsed);
    return err;
}

static custody_err note_newest(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct cty_judgement *judgement = context;
    (void)text;
    judgement->newest_index = entry->entry.index;
    judgement->newest_time = entry->entry.time;
    return CUSTODY_OK;
}

/* ---- judging ---- */

static custody_err read_record(struct cty_judgement *judgement)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    struct cty_json tape = CTY_JSON_INIT;
    cty_hex_write(judgement->case_id.bytes, CTY_HASH_SIZE, key + 5);
    struct cty_bytes text = judgement->memory ? cty_memory_get(judgement->memory, key) : cty_bytes_make(NULL, 0);
    if (!text.data)
        return CUSTODY_OK;
    custody_err err = cty_record_decode(&cty_shape_case, text, &tape, &judgement->record, NULL);
    cty_json_done(&tape);
    judgement->known = err == CUSTODY_OK;
    return err == CUSTODY_OK ? cty_judgement_each(judgement, note_newest, judgement) : err;
}

bool cty_judgement_knows(const struct cty_judgement *judgement, struct cty_bytes name)
{
    char key[CTY_VIEW_KEY_MAX];
    bool party = !memchr(name.data, '/', name.size);
    if (!judgement->memory || name.size > CTY_ACTOR_NAME_BYTES_MAX)
        return false;
    snprintf(key, sizeof(key), "%s/%.*s", party ? "party" : "actor", (int)name.size, (const char *)name.data);
    return cty_memory_get(judgement->memory, key).data != NULL;
}

/* What was judged and held need not be judged again. */
static custody_err extend_footing(struct cty_client *client, const struct cty_judgement *judgement)
{
    if (!client->footing)
        CTY_TRY(cty_footing_new(client->trust, &client->footing));
    return cty_footing_extend(client->footing, judgement->evidence, judgement->memory, &judgement->report);
}

static custody_err judge(struct cty_client *client, const struct cty_hash *case_id, unsigned what,
                         struct cty_judgement *judgement, custody_error *error)
{
    judgement->case_id = *case_id;
    if (!(what & (CTY_GATHER_ALL | CTY_GATHER_BETWEEN)))
        what |= CTY_GATHER_ON_FOOTING;
    CTY_TRY(cty_client_gather(client, case_id, what, &judgement->evidence, error));
    judgement->checkpoint = client->newest.checkpoint;
    judgement->note.limit = CTY_NOTE_BYTES_MAX;
    CTY_TRY(cty_buf_put_bytes(&judgement->note, cty_buf_bytes(&client->newest.note)));
    CTY_TRY(cty_evidence_verify(judgement->evidence, client->trust, cty_bytes_make(NULL, 0), &judgement->report,
                                &judgement->memory));
    CTY_TRY(read_record(judgement));
    cty_evidence_stand_on(judgement->evidence, NULL); /* it may outlive the client */
    /* What is in the chain may be what was wrong. */
    if (cty_judgement_check(judgement, NULL) != CUSTODY_OK) {
        cty_chain_clear(&client->chain);
        return CUSTODY_OK;
    }
    return extend_footing(client, judgement);
}

custody_err cty_client_judge(struct cty_client *client, const struct cty_hash *case_id, unsigned what,
                             struct cty_judgement **ret_judgement, custody_error *error)
{
    CTY_SPAN(client);
    struct cty_judgement *judgement = cty_alloc(1, sizeof(*judgement));
    if (!judgement)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = judge(client, case_id, what, judgement, error);
    if (err != CUSTODY_OK) {
        cty_judgement_free(judgement);
        return cty_fail_code(error, err);
    }
    *ret_judgement = judgement;
    return CUSTODY_OK;
}

/* What is asked of a claim before a case is relied on. */
enum need { NEED_NOTHING, NEED_NO_FAILURE, NEED_HOLDS };

static enum need need_of(enum cty_claim claim)
{
    switch (claim) {
    case CTY_CLAIM_CHECKPOINT:
    case CTY_CLAIM_INTACT:
    case CTY_CLAIM_COMPLETE:
    case CTY_CLAIM_SIGNED:
    case CTY_CLAIM_LAWFUL:
    case CTY_CLAIM_SEEN:
    case CTY_CLAIM_QUORUM:
    case CTY_CLAIM_ONCE:
        return NEED_HOLDS;
    case CTY_CLAIM_ENROLLED: /* on whose word is for the pins to say */
    case CTY_CLAIM_CONTENTS: /* not all are ours to read; what is acted on is compared by itself */
    case CTY_CLAIM_UNIQUE:   /* the whole ledger's, not a case's */
    case CTY_CLAIM_STORED:
        return NEED_NO_FAILURE;
    case CTY_CLAIM_AUDIENCE:
    case CTY_CLAIM_BETWEEN: /* who acts reads it all: cty_judgement_check_between */
    case CTY_CLAIM_WITNESSED:
    case CTY_CLAIM_ALIKE: /* these three are asked of whole ledgers */
    case CTY_CLAIM_WHEN:
    case CTY_CLAIM_CASES:
    case CTY_CLAIM_COUNT:
        return NEED_NOTHING;
    }
    return NEED_HOLDS;
}

/* What the trust file asks for must hold: pins that could not be met are no pins. */
static enum need need_here(const struct cty_judgement *judgement, enum cty_claim claim)
{
    enum need need = need_of(claim);
    return need == NEED_NO_FAILURE && judgement->report.claims[claim].required ? NEED_HOLDS : need;
}

static custody_err check_claim(const struct cty_report *report, enum cty_claim claim, enum need need, custody_error *error)
{
    const struct cty_claim_line *line = &report->claims[claim];
    if (need == NEED_NOTHING || line->state == CTY_CLAIM_HOLDS)
        return CUSTODY_OK;
    if (line->state == CTY_CLAIM_FAILS)
        return cty_fail(error, line->code, "claim %s fails: %s", cty_claim_name(claim), line->text);
    if (need == NEED_NO_FAILURE)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_NOT_CHECKED, "claim %s: %s", cty_claim_name(claim), line->text);
}

custody_err cty_judgement_check(const struct cty_judgement *judgement, custody_error *error)
{
    /* What is missing explains other failures, and a failure explains what was not checked. */
    CTY_TRY(check_claim(&judgement->report, CTY_CLAIM_CHECKPOINT, NEED_NO_FAILURE, error));
    CTY_TRY(check_claim(&judgement->report, CTY_CLAIM_COMPLETE, NEED_NO_FAILURE, error));
    for (int claim = 0; claim < CTY_CLAIM_COUNT; claim++) {
        if (need_of((enum cty_claim)claim) != NEED_NOTHING)
            CTY_TRY(check_claim(&judgement->report, (enum cty_claim)claim, NEED_NO_FAILURE, error));
    }
    for (int claim = 0; claim < CTY_CLAIM_COUNT; claim++)
        CTY_TRY(check_claim(&judgement->report, (enum cty_claim)claim, need_here(judgement, (enum cty_claim)claim), error));
    if (!judgement->known)
        return cty_fail(error, CUSTODY_E_NOT_CHECKED, "the case could not be folded");
    return CUSTODY_OK;
}

/* ---- contents ---- */

custody_err cty_judgement_content(const struct cty_judgement *judgement, const struct cty_hash *statement,
                                  const char *member, struct cty_bytes *ret_content)
{
    struct cty_bytes content = cty_evidence_blob(judgement->evidence, statement, cty_bytes_text(member));
    if (!content.data)
        return CUSTODY_E_NOT_FOUND;
    *ret_content = content;
    return CUSTODY_OK;
}

struct payload_search {
    const struct cty_hash *statement;
    const struct cty_hash *commitment;
    const char *member;
};

static custody_err find_payload(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct payload_search *search = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    (void)text;
    if (!cty_hash_equal(&entry->signed_statement.digest, search->statement))
        return CUSTODY_OK;
    if (st->type == CTY_REQUEST && cty_hash_equal(&st->u.request.payload, search->commitment))
        search->member = "payload";
    if (st->type == CTY_PATCH && cty_hash_equal(&st->u.patch.result, search->commitment))
        search->member = "result";
    return CUSTODY_OK;
}

/* The content was compared with its commitment as it came; here, that this is the commitment in force. */
custody_err cty_judgement_payload(const struct cty_judgement *judgement, struct cty_bytes *ret_payload)
{
    struct payload_search search = {.statement = &judgement->record.payload_at, .commitment = &judgement->record.payload};
    if (!judgement->known)
        return CUSTODY_E_NOT_FOUND;
    CTY_TRY(cty_judgement_each(judgement, find_payload, &search));
    if (!search.member)
        return CUSTODY_E_PAYLOAD_MISMATCH;
    return cty_judgement_content(judgement, search.statement, search.member, ret_payload);
}

custody_err cty_judgement_payload_if(const struct cty_judgement *judgement, struct cty_bytes *ret_payload)
{
    *ret_payload = cty_bytes_make(NULL, 0);
    custody_err err = cty_judgement_payload(judgement, ret_payload);
    return err == CUSTODY_E_NOT_FOUND || err == CUSTODY_E_PAYLOAD_MISMATCH ? CUSTODY_OK : err;
}

custody_err cty_judgement_original(const struct cty_judgement *judgement, struct cty_bytes *ret_payload)
{
    return cty_judgement_content(judgement, &judgement->case_id, "payload", ret_payload);
}

/* ---- from a consume back to its release ---- */

/* The entry of this leaf; its statement's type and what it hangs on. */
struct step {
    struct cty_hash leaf;
    bool found;
    enum cty_type type;
    struct cty_hash digest;
    struct cty_opt_hash case_prev;
};

static custody_err find_step(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct step *step = context;
    struct cty_hash leaf = cty_tree_leaf(text);
    if (!cty_hash_equal(&leaf, &step->leaf))
        return CUSTODY_OK;
    step->found = true;
    step->type = entry->signed_statement.statement.type;
    step->digest = entry->signed_statement.digest;
    step->case_prev = entry->entry.case_prev;
    return CUSTODY_OK;
}

static custody_err walk_back(const struct cty_judgement *judgement, struct cty_opt_hash link,
                             const struct cty_hash *release, custody_error *error)
{
    /* Bounded: each step goes to an entry of the evidence, and no leaf hash can name itself. */
    for (size_t i = 0; link.present && i <= cty_evidence_entries(judgement->evidence); i++) {
        struct step step = {.leaf = link.hash};
        CTY_TRY(cty_judgement_each(judgement, find_step, &step));
        if (!step.found)
            return cty_fail(error, CUSTODY_E_GAP, "an entry between the release and the consume is missing");
        if (cty_hash_equal(&step.digest, release))
            return step.type == CTY_RELEASE ? CUSTODY_OK : cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "not a release");
        if (step.type == CTY_CONSUME)
            return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "another consume stands between the release and this one");
        link = step.case_prev;
    }
    return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "the case begins before its release");
}

custody_err cty_judgement_walk(const struct cty_judgement *judgement, struct cty_bytes entry,
                               const struct cty_hash *release, custody_error *error)
{
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_entry_parse(entry, parsed, error);
    if (err == CUSTODY_OK)
        err = walk_back(judgement, parsed->entry.case_prev, release, error);
    cty_parsed_entry_done(parsed);
    free(parsed);
    return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "simulate/sim.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)
#define HOUR_MS ((uint64_t)3600000)
#define TRIES 8u

struct paper *paper_new(struct sim *s)
{
    struct paper *paper = cty_alloc(1, sizeof(*paper));
    CTY_CHECK(paper && s->papers_count < SIM_PAPERS);
    paper->number = s->papers_count;
    paper->envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    s->papers[s->papers_count++] = paper;
    return paper;
}

void paper_drop_content(struct paper *paper)
{
    struct content *c = &paper->contents[--paper->contents_count];
    free(c->text);
    cty_buf_done(&c->salt64);
    cty_buf_done(&c->text64);
}

void paper_free(struct paper *paper)
{
    while (paper->contents_count)
        paper_drop_content(paper);
    cty_buf_done(&paper->envelope);
    free(paper);
}

void paper_add_signer(struct sim *s, struct cty_statement *st, const char *signer)
{
    struct cty_bytes name = cty_bytes_text(signer);
    if (strchr(signer, '/') && people_find(s, signer))
        name = cty_secret_name(people_find(s, signer)->secret);
    st->signers[st->signers_count++] = name;
}

void paper_begin(struct sim *s, struct cty_statement *st, enum cty_type type, const char *signer)
{
    struct cty_ledger_record ledger;
    memset(st, 0, sizeof(*st));
    st->type = type;
    st->ledger = CTY_LITERAL(SIM_ORIGIN);
    chance_fill(&s->nonces, st->id, sizeof(st->id));
    st->seen.size = auditor_size(s);
    MUST(cty_memory_root(auditor_memory(s), st->seen.size, &st->seen.root));
    /* An actor whose clock is behind the ledger's goes by the ledger's. */
    auditor_ledger(s, &ledger);
    st->time = ledger.time > s->wall_ms ? ledger.time : s->wall_ms;
    st->until = st->time + HOUR_MS;
    paper_add_signer(s, st, signer);
}

static void put_base64(struct cty_bytes bytes, struct cty_buf *out)
{
    *out = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    MUST(cty_base64_format(bytes, out));
    if (!out->data)
        MUST(cty_buf_reserve(out, 1));
}

struct cty_hash paper_commit(struct sim *s, struct paper *paper, const struct cty_statement *st, const char *member,
                             const char *text)
{
    CTY_CHECK(paper->contents_count < SIM_CONTENTS);
    struct content *c = &paper->contents[paper->contents_count++];
    snprintf(c->member, sizeof(c->member), "%s", member);
    chance_fill(&s->nonces, c->salt, sizeof(c->salt));
    c->text = strdup(text);
    CTY_CHECK(c->text);
    put_base64(cty_bytes_make(c->salt, sizeof(c->salt)), &c->salt64);
    put_base64(cty_bytes_text(text), &c->text64);
    c->commitment = cty_commitment(st->ledger, st->signers[0], st->id, cty_bytes_text(member), c->salt,
                                   cty_bytes_text(text));
    return c->commitment;
}

static const struct cty_secret *signer_secret(struct sim *s, const struct cty_statement *st, uint32_t place)
{
    char name[80];
    snprintf(name, sizeof(name), "%.*s", (int)st->signers[place].size, (const char *)st->signers[place].data);
    if (strcmp(name, "new") != 0)
        return people_secret(s, name);
    if (st->type == CTY_CUSTODIAN_ROTATE)
        return st->u.custodian_rotate.which == CTY_CUSTODIAN_LOG ? s->next_log : s->next_clerk;
    snprintf(name, sizeof(name), "%.*s", (int)st->signers[0].size, (const char *)st->signers[0].data);
    return people_find(s, name)->next;
}

void paper_sign(struct sim *s, struct paper *paper, const struct cty_statement *st, bool foreign)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    struct cty_secret *thief = foreign ? people_make("acme/bot", "a thief's") : NULL;
    for (uint32_t i = 0; i < st->signers_count; i++) {
        secrets[i] = foreign ? thief : signer_secret(s, st, i);
        paper->keys[i] = foreign ? 0 : people_key_number(cty_secret_key(secrets[i]));
    }
    MUST(cty_statement_sign(st, secrets, st->signers_count, &paper->envelope, &paper->digest));
    cty_secret_free(thief);
    paper->type = st->type;
    paper->spoiled = paper->spoiled || foreign;
    snprintf(paper->signer, sizeof(paper->signer), "%.*s", (int)st->signers[0].size, (const char *)st->signers[0].data);
    paper->case_id = st->type == CTY_REQUEST ? paper->digest : st->case_id;
    tally_add(TALLY_SENT);
}

void paper_params(const struct paper *paper, struct cty_rpc_params *ret_params)
{
    memset(ret_params, 0, sizeof(*ret_params));
    ret_params->u.submit.envelope = cty_buf_bytes(&paper->envelope);
    for (uint32_t i = 0; i < paper->contents_count; i++) {
        const struct content *c = &paper->contents[i];
        struct cty_rpc_blob *blob = &ret_params->u.submit.blobs[ret_params->u.submit.blobs_count++];
        *blob = (struct cty_rpc_blob){.member = cty_bytes_text(c->member), .staged = c->staged};
        if (c->staged)
            continue;
        blob->salt = cty_buf_bytes(&c->salt64);
        blob->content = cty_buf_bytes(&c->text64);
    }
}

/* --- what actors do with answers, and without ------------------------------------------------------------------ */

static void wait_for_answer(struct sim *s, struct paper *paper)
{
    paper->tries++;
    paper->again_ms = s->monotonic_ms + 2000 + chance_below(&s->network, 4000);
}

void paper_send(struct sim *s, struct paper *paper)
{
    trace("  %s of %s is paper %zu", paper->stages ? "content" : cty_type_name(paper->type), paper->signer, paper->number);
    wait_for_answer(s, paper);
    post_send(s, paper->number);
}

/* The same paper, to the byte: it has one place in the ledger, however often it comes. */
void papers_retry(struct sim *s)
{
    size_t from = s->papers_count > 400 ? s->papers_count - 400 : 0;
    for (size_t i = from; i < s->papers_count; i++) {
        struct paper *paper = s->papers[i];
        if (paper->state != PAPER_OPEN || paper->tries == 0 || paper->again_ms > s->monotonic_ms)
            continue;
        if (paper->tries >= TRIES) {
            paper->state = PAPER_LEFT;
            continue;
        }
        tally_add(TALLY_RESENT);
        wait_for_answer(s, paper);
        post_send(s, paper->number);
    }
}

static size_t case_number(const struct sim *s, const struct cty_hash *case_id)
{
    size_t i = 0;
    while (i < s->cases_count && !cty_hash_equal(&s->cases[i], case_id))
        i++;
    return i;
}

/* Who has a receipt for its consume acts, once for each paper of its own. */
static void act(struct sim *s, const struct paper *paper)
{
    size_t number = case_number(s, &paper->case_id);
    tally_add(TALLY_ACTS);
    if (number == s->cases_count) {
        sim_fail(s, "once", "paper %zu acts on a case that the ledger does not hold", paper->number);
        return;
    }
    if (++s->acts[number] > 1)
        sim_fail(s, "once", "the act of case %zu is done a second time, by paper %zu", number, paper->number);
}

/* From now on its owner signs with the new key. */
static void rotated(struct sim *s, const struct paper *paper)
{
    struct actor_key *actor = people_find(s, paper->signer);
    tally_add(TALLY_ROTATIONS);
    if (paper->type != CTY_ACTOR_ROTATE || !actor || !actor->next)
        return;
    cty_secret_free(actor->secret);
    actor->secret = actor->next;
    actor->next = NULL;
    actor->rotations++;
}

static void stands(struct sim *s, struct paper *paper, const struct letter *letter)
{
    if (paper->state == PAPER_STANDS) {
        if (!paper->stages && paper->index != letter->index)
            sim_fail(s, "same-index", "paper %zu stands at %llu and at %llu", paper->number,
                     (unsigned long long)paper->index, (unsigned long long)letter->index);
        return;
    }
    paper->state = PAPER_STANDS;
    paper->index = letter->index;
    if (paper->stages)
        tally_add(TALLY_STAGED);
    else if (paper->type == CTY_CONSUME)
        act(s, paper);
    else if (paper->type == CTY_ACTOR_ROTATE || paper->type == CTY_CUSTODIAN_ROTATE)
        rotated(s, paper);
}

void paper_answered(struct sim *s, const struct letter *letter)
{
    struct paper *paper = s->papers[letter->paper];
    trace("  paper %zu is answered: %s %llu", paper->number, custody_err_name(letter->err),
          (unsigned long long)letter->index);
    if (letter->err == CUSTODY_OK)
        stands(s, paper, letter);
    else if (paper->state == PAPER_OPEN && custody_err_class_get(letter->err) == CUSTODY_CLASS_REFUSAL)
        paper->state = PAPER_REFUSED;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness shows what it has of our ledger. Only what our log key signed counts, and that is proof; of a key that another one
 * took the place of, nothing of a size beyond that (an old key may have been stolen since):
 *
 *     of more entries than we hold     the database is behind: nothing is appended any more
 *     of another root at some size     two ledgers of one name: likewise, and both notes go into a contradiction file
 *     of our own tree                  it has less than we have; it is asked again from there
 */
#include <stdio.h>

#include "audit/contradiction.h"
#include "base/check.h"
#include "base/file.h"
#include "codec/text.h"
#include "daemon/desk_inner.h"
#include "daemon/log.h"
#include "model/entry.h"

/* By whichever of the keys at hand: the ledger may have gone on to the next one. */
static custody_err open_note(const struct cty_desk *desk, struct cty_checkpoint *ret_shown,
                             const struct cty_held_key **ret_key)
{
    const struct cty_custodian *custodian = desk->config.custodian;
    custody_err err = CUSTODY_E_NOTE_UNSIGNED;
    for (uint32_t i = 0; i < custodian->logs_count && err != CUSTODY_OK; i++) {
        err = cty_checkpoint_open(cty_buf_bytes(&desk->body), custodian->origin,
                                  cty_secret_key(custodian->logs[i].secret), ret_shown);
        *ret_key = &custodian->logs[i];
    }
    return err;
}

/* --- whose time it was ------------------------------------------------------------------------------------- */

struct term {
    struct cty_parsed_entry parsed;
    struct cty_bytes vkey;
    bool known;     /* the key was the ledger's at some time */
    bool over;      /* ... and another one took its place */
    uint64_t until; /* it signed checkpoints of less than this size */
    custody_error *error;
};

static custody_err each_trust(void *context, const struct cty_store_entry *entry)
{
    struct term *term = context;
    CTY_TRY(cty_entry_parse(entry->body, &term->parsed, term->error));
    const struct cty_statement *st = &term->parsed.signed_statement.statement;
    bool rotates = st->type == CTY_CUSTODIAN_ROTATE && st->u.custodian_rotate.which == CTY_CUSTODIAN_LOG;
    if (!rotates && st->type != CTY_LEDGER_OPEN)
        return CUSTODY_OK;
    if (term->known && !term->over) {
        term->over = true;
        term->until = entry->index + 1;
    }
    term->known = term->known ||
                  cty_bytes_equal(rotates ? st->u.custodian_rotate.key : st->u.ledger_open.log_key, term->vkey);
    return CUSTODY_OK;
}

/* Whether a checkpoint of this size was this key's to sign, as far as the database tells: it may be behind. */
static custody_err was_in_force(const struct cty_desk *desk, const struct cty_held_key *key, uint64_t size, bool *ret_was,
                                custody_error *error)
{
    CTY_AUTO_FREE struct term *term = cty_alloc(1, sizeof(*term));
    if (!term)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    term->vkey = key->vkey;
    term->error = error;
    custody_err err = cty_store_walk_trust_entries(desk->reader, 0, INT64_MAX, true, each_trust, term, error);
    cty_parsed_entry_done(&term->parsed);
    *ret_was = !term->over || size < term->until;
    return err;
}

/* --- what follows ------------------------------------------------------------------------------------------ */

static void stop_appending(struct cty_desk *desk, uint32_t witness, const char *what)
{
    char reason[CUSTODY_ERROR_DETAIL_MAX] = "";
    cty_witnesses_put_plain(reason, sizeof(reason), desk->policy->nodes[witness].name);
    cty_witnesses_put_plain(reason, sizeof(reason), CTY_LITERAL(" has "));
    cty_witnesses_put_plain(reason, sizeof(reason), cty_bytes_text(what));
    cty_witnesses_tell(desk->config.witnesses, witness, CTY_WITNESS_CONFLICT, what);
    cty_head_put_service(desk->config.head, CTY_SERVING_BEHIND, reason);
}

/* --- the contradiction file -------------------------------------------------------------------------------- */

/* One file for two trees, whoever's cosignatures of whatever time stand below them. */
static void name_of(const struct cty_checkpoint *shown, const struct cty_hash *root, char ret_hex[static 17])
{
    uint8_t bytes[2 * CTY_HASH_SIZE];
    memcpy(bytes, shown->root.bytes, CTY_HASH_SIZE);
    memcpy(bytes + CTY_HASH_SIZE, root->bytes, CTY_HASH_SIZE);
    struct cty_hash hash = cty_sha256(cty_bytes_make(bytes, sizeof(bytes)));
    cty_hex_write(hash.bytes, 8, ret_hex);
}

static custody_err keep(const struct cty_desk *desk, const struct cty_contradiction *both, const char *hex,
                        custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(4096);
    CTY_TRY(cty_contradiction_format(both, &text));
    CTY_TRY(cty_buf_putf(&path, "%s.contradiction-%s.json", desk->config.path, hex));
    const char *name = cty_buf_text(&path);
    if (!name)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_file_put_new(name, 0600, cty_buf_bytes(&text), error);
    if (err != CUSTODY_E_EXISTS) /* else it is there already: it is named by what it shows */
        CTY_TRY(err);
    cty_log(CTY_LOG_ERROR, "contradiction", "file", "s", name, "next", "s", "custody convict FILE shows what it says", NULL);
    return CUSTODY_OK;
}

/* Ours of that size where there is one, else the newest, proven to begin with another tree. */
static custody_err convict(struct cty_desk *desk, const struct cty_checkpoint *shown, struct cty_bytes vkey,
                           const struct cty_hash *root, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree(desk->reader);
    struct cty_store_mark mark;
    struct cty_contradiction both = {.kind = CTY_CONTRADICTION_TWO_ROOTS, .ledger = desk->config.custodian->origin,
                                     .key = vkey, .root = *root};
    cty_buf_clear(&desk->note);
    CTY_TRY(cty_store_read_checkpoint_from(desk->reader, shown->size, &mark, &desk->note, error));
    both.notes[0] = cty_buf_bytes(&desk->body);
    both.notes[1] = cty_buf_bytes(&desk->note);
    if (mark.size > shown->size) {
        both.kind = CTY_CONTRADICTION_FORK;
        both.has_proof = true;
        CTY_TRY(cty_tree_consistency(&tree, shown->size, mark.size, &both.proof));
    }
    char hex[17];
    name_of(shown, root, hex);
    return keep(desk, &both, hex, error);
}

/* --- judging ----------------------------------------------------------------------------------------------- */

/* Whether it is of our own tree. */
static custody_err is_ours(struct cty_desk *desk, const struct cty_checkpoint *shown, struct cty_hash *ret_root, bool *ret_ours)
{
    struct cty_tree_reader tree = cty_store_tree(desk->reader);
    *ret_ours = false;
    if (shown->size > cty_store_size(desk->reader))
        return CUSTODY_OK;
    CTY_TRY(cty_tree_root(&tree, shown->size, ret_root));
    *ret_ours = cty_hash_equal(ret_root, &shown->root);
    return CUSTODY_OK;
}

static custody_err compare(struct cty_desk *desk, uint32_t witness, const struct cty_checkpoint *shown,
                           const struct cty_held_key *key, custody_error *error)
{
    uint64_t size = cty_store_size(desk->reader);
    char what[CTY_WITNESS_DETAIL_MAX];
    struct cty_hash root;
    bool ours = false, was = false;
    CTY_TRY(is_ours(desk, shown, &root, &ours));
    if (ours) {
        desk->seats[witness].has = shown->size;
        return CUSTODY_OK;
    }
    CTY_TRY(was_in_force(desk, key, shown->size, &was, error));
    if (!was)
        return cty_fail(error, CUSTODY_E_NOTE_UNSIGNED, "%llu entries, signed by a log key that was replaced before",
                        (unsigned long long)shown->size);
    if (shown->size > size) {
        snprintf(what, sizeof(what), "a checkpoint of %llu entries that our log key signed, and the database has %llu",
                 (unsigned long long)shown->size, (unsigned long long)size);
        stop_appending(desk, witness, what);
        return CUSTODY_OK;
    }
    snprintf(what, sizeof(what), "another ledger of this name: our log key signed another root of %llu entries",
             (unsigned long long)shown->size);
    stop_appending(desk, witness, what);
    return convict(desk, shown, key->vkey, &root, error);
}

custody_err cty_desk_judge_shown(struct cty_desk *desk, uint32_t witness, custody_error *error)
{
    struct cty_checkpoint shown;
    const struct cty_held_key *key = NULL;
    CTY_TRY(open_note(desk, &shown, &key));
    CTY_TRY(cty_store_begin_read(desk->reader, error));
    custody_err err = compare(desk, witness, &shown, key, error);
    cty_store_end_read(desk->reader);
    if (err != CUSTODY_OK)
        cty_log(CTY_LOG_ERROR, "contradiction", "code", "s", custody_err_name(err), "detail", "s", error->detail, NULL);
    return err;
}

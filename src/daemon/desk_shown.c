/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness shows what it has of our ledger. Only what our log key signed counts, and that is proof:
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

/* By whichever of the keys at hand: the ledger may have gone on to the next one. */
static custody_err open_note(const struct cty_desk *desk, struct cty_checkpoint *ret_shown, struct cty_bytes *ret_vkey)
{
    const struct cty_custodian *custodian = desk->config.custodian;
    custody_err err = CUSTODY_E_NOTE_UNSIGNED;
    for (uint32_t i = 0; i < custodian->logs_count && err != CUSTODY_OK; i++) {
        err = cty_checkpoint_open(cty_buf_bytes(&desk->body), custodian->origin,
                                  cty_secret_key(custodian->logs[i].secret), ret_shown);
        *ret_vkey = custodian->logs[i].vkey;
    }
    return err;
}

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

static custody_err compare(struct cty_desk *desk, uint32_t witness, const struct cty_checkpoint *shown,
                           struct cty_bytes vkey, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree(desk->reader);
    uint64_t size = cty_store_size(desk->reader);
    char what[CTY_WITNESS_DETAIL_MAX];
    struct cty_hash root;
    if (shown->size > size) {
        snprintf(what, sizeof(what), "a checkpoint of %llu entries that our log key signed, and the database has %llu",
                 (unsigned long long)shown->size, (unsigned long long)size);
        stop_appending(desk, witness, what);
        return CUSTODY_OK;
    }
    CTY_TRY(cty_tree_root(&tree, shown->size, &root));
    if (cty_hash_equal(&root, &shown->root)) {
        desk->seats[witness].has = shown->size;
        return CUSTODY_OK;
    }
    snprintf(what, sizeof(what), "another ledger of this name: our log key signed another root of %llu entries",
             (unsigned long long)shown->size);
    stop_appending(desk, witness, what);
    return convict(desk, shown, vkey, &root, error);
}

custody_err cty_desk_judge_shown(struct cty_desk *desk, uint32_t witness, custody_error *error)
{
    struct cty_checkpoint shown;
    struct cty_bytes vkey;
    CTY_TRY(open_note(desk, &shown, &vkey));
    CTY_TRY(cty_store_begin_read(desk->reader, error));
    custody_err err = compare(desk, witness, &shown, vkey, error);
    cty_store_end_read(desk->reader);
    if (err != CUSTODY_OK)
        cty_log(CTY_LOG_ERROR, "contradiction", "code", "s", custody_err_name(err), "detail", "s", error->detail, NULL);
    return err;
}

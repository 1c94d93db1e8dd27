/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints with the cosignatures that are stored for them, out of one snapshot. */
#include "base/check.h"
#include "daemon/witnesses.h"

custody_err cty_witnessed_put_lines(struct cty_store_reader *reader, uint64_t size, struct cty_buf *note,
                                    custody_error *error)
{
    return cty_store_read_cosignatures(reader, size, CTY_WITNESSED_NOTE_BYTES_MAX, note, error);
}

/* --- looking for a quorum ---------------------------------------------------------------------------------- */

struct search {
    const struct cty_witnesses *witnesses;
    uint64_t size; /* of the rows last seen */
    uint64_t stand;
    uint64_t sizes[CTY_WITNESSED_CANDIDATES_MAX]; /* that a quorum may stand on */
    size_t count;
};

static void end_size(struct search *s)
{
    if (s->stand && s->count < CTY_WITNESSED_CANDIDATES_MAX &&
        cty_witness_policy_met(&s->witnesses->trust->policy, s->stand))
        s->sizes[s->count++] = s->size;
    s->stand = 0;
}

static custody_err note_row(void *context, const struct cty_store_cosignature *row)
{
    struct search *s = context;
    if (row->size != s->size)
        end_size(s);
    s->size = row->size;
    uint32_t witness = cty_witnesses_find(s->witnesses, row->witness);
    if (witness < CTY_WITNESS_NODES_MAX)
        s->stand |= UINT64_C(1) << witness;
    return CUSTODY_OK;
}

/* By the lines and not by the names alone: what is given away has to satisfy whoever looks. */
static custody_err is_met(const struct cty_witnesses *witnesses, uint64_t from_s, struct cty_bytes bytes, bool *ret_met)
{
    struct cty_note note;
    CTY_TRY(cty_note_parse(bytes, &note));
    uint64_t stand = cty_witness_policy_cosigned(&witnesses->trust->policy, &note, from_s, NULL, NULL);
    *ret_met = cty_witness_policy_met(&witnesses->trust->policy, stand);
    return CUSTODY_OK;
}

static custody_err try_size(const struct cty_witnesses *witnesses, struct cty_store_reader *reader, uint64_t size,
                            uint64_t from_s, struct cty_store_mark *ret_mark, struct cty_buf *note, bool *ret_met,
                            custody_error *error)
{
    size_t start = note->size;
    *ret_met = false;
    CTY_TRY(cty_store_read_checkpoint_from(reader, size, ret_mark, note, error));
    CTY_TRY(cty_witnessed_put_lines(reader, size, note, error));
    if (ret_mark->size == size)
        CTY_TRY(is_met(witnesses, from_s, cty_bytes_make(note->data + start, note->size - start), ret_met));
    if (!*ret_met)
        note->size = start;
    return CUSTODY_OK;
}

custody_err cty_witnessed_find(const struct cty_witnesses *witnesses, struct cty_store_reader *reader, uint64_t size,
                               uint64_t from_s, struct cty_store_mark *ret_mark, struct cty_buf *note,
                               custody_error *error)
{
    struct search search = {.witnesses = witnesses};
    bool met = false;
    if (!witnesses)
        return cty_fail(error, CUSTODY_E_NOT_WITNESSED, "the custodian has no witnesses");
    if (size <= INT64_MAX)
        CTY_TRY(cty_store_walk_cosignatures(reader, size, CTY_COSIGNATURES_VISITED_MAX, note_row, &search, error));
    end_size(&search);
    for (size_t i = 0; i < search.count; i++) {
        CTY_TRY(try_size(witnesses, reader, search.sizes[i], from_s, ret_mark, note, &met, error));
        if (met)
            return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_NOT_WITNESSED, "no quorum stands on a checkpoint of %llu entries or more yet",
                    (unsigned long long)size);
}

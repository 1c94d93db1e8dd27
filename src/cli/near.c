/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/near.h"

#include "base/check.h"
#include "cli/text.h"
#include "client/read.h"

/* Further away it is another name, and no slip of the pen. */
#define SLIPS_MAX 2
#define PARTIES_SHOWN 12u
#define NAMES_BYTES_MAX 4096u
/* For "%.*s", of a view or a buffer. */
#define TEXT(bytes) (int)(bytes).size, (const char *)(bytes).data

/* Row by row of the table of all beginnings of both: what stands above, and to the left of it. */
size_t cty_near_distance(struct cty_bytes one, struct cty_bytes other)
{
    size_t row[CTY_NEAR_BYTES_MAX + 1];
    if (one.size > CTY_NEAR_BYTES_MAX || other.size > CTY_NEAR_BYTES_MAX)
        return SIZE_MAX;
    for (size_t k = 0; k <= other.size; k++)
        row[k] = k;
    for (size_t i = 0; i < one.size; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < other.size; k++) {
            size_t changed = corner + (one.data[i] != other.data[k]);
            size_t moved = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
            corner = row[k + 1];
            row[k + 1] = changed < moved ? changed : moved;
        }
    }
    return row[other.size];
}

struct search {
    struct cty_bytes name;
    bool is_party;        /* it names a party, not an actor */
    bool knows;           /* somebody has that name */
    bool knows_party;     /* somebody is of the party that it begins with */
    size_t distance;      /* of the nearest */
    struct cty_buf nearest;
    struct cty_buf last;  /* the party that came last */
    struct cty_buf parties;
    size_t parties_count;
};

static void compare(struct search *s, struct cty_bytes with, custody_err *err)
{
    size_t distance = cty_near_distance(s->name, with);
    s->knows |= distance == 0;
    if (*err != CUSTODY_OK || distance >= s->distance)
        return;
    s->distance = distance;
    cty_buf_clear(&s->nearest);
    *err = cty_text_show(with, &s->nearest);
}

static custody_err add_party(struct search *s, struct cty_bytes party)
{
    if (cty_bytes_equal(cty_buf_bytes(&s->last), party))
        return CUSTODY_OK;
    cty_buf_clear(&s->last);
    CTY_TRY(cty_buf_put_bytes(&s->last, party));
    if (++s->parties_count > PARTIES_SHOWN)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_text(&s->parties, s->parties_count > 1 ? ", " : ""));
    return cty_text_show(party, &s->parties);
}

/* They come in the order of their names, so each party's stand together. */
static custody_err each_actor(void *context, const struct cty_actor_record *actor)
{
    struct search *s = context;
    struct cty_bytes party = cty_actor_party(actor->enrolment.actor);
    custody_err err = CUSTODY_OK;
    s->knows_party |= cty_bytes_equal(party, cty_actor_party(s->name));
    compare(s, s->is_party ? party : actor->enrolment.actor, &err);
    CTY_TRY(err);
    return add_party(s, party);
}

/* Of a short name two letters are half of it. */
static bool is_near(const struct search *s)
{
    return s->distance <= SLIPS_MAX && s->distance * 3 <= s->name.size;
}

static custody_err put_hint(struct search *s, struct cty_buf *out)
{
    struct cty_bytes party = cty_actor_party(s->name);
    if (is_near(s))
        return cty_buf_putf(out, "did you mean %.*s? 'custody actors' lists who is enrolled", TEXT(s->nearest));
    if (s->knows_party)
        return cty_buf_putf(out, "'custody actors %.*s' lists who is enrolled there", TEXT(party));
    return cty_buf_putf(out, "the parties are %.*s%s; 'custody actors' lists who is enrolled", TEXT(s->parties),
                        s->parties_count > PARTIES_SHOWN ? " and more" : "");
}

void cty_near_tell(struct cty_cli *cli, struct cty_client *client, struct cty_bytes name, custody_err code)
{
    struct search s = {.name = name, .is_party = cty_actor_party(name).size == 0, .distance = SIZE_MAX,
                       .nearest = CTY_BUF_INIT(NAMES_BYTES_MAX), .last = CTY_BUF_INIT(NAMES_BYTES_MAX),
                       .parties = CTY_BUF_INIT(NAMES_BYTES_MAX)};
    CTY_CLEANUP(cty_buf_done) struct cty_buf hint = CTY_BUF_INIT(NAMES_BYTES_MAX * 2);
    custody_err err = cty_client_actors(client, NULL, each_actor, &s, NULL);
    if (err == CUSTODY_OK && !s.knows && s.parties_count > 0 && put_hint(&s, &hint) == CUSTODY_OK)
        cty_cli_next_made(cli, code, cty_buf_bytes(&hint));
    cty_buf_done(&s.nearest);
    cty_buf_done(&s.last);
    cty_buf_done(&s.parties);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a case holds text that would fool its reader, were it not written out. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/text.h"

const char *const cty_case_talk[] = {"question", "answer", "context", "obligations", "reason", NULL};

struct search {
    const struct cty_judgement *judgement;
    uint64_t found, first;
};

static void note(struct search *s, uint64_t entry, bool suspicious)
{
    if (suspicious && s->found++ == 0)
        s->first = entry;
}

static void look_at_content(struct search *s, const struct cty_parsed_entry *entry, const char *member,
                            bool (*is_suspicious)(struct cty_bytes))
{
    struct cty_bytes content;
    const struct cty_hash *digest = &entry->signed_statement.digest;
    if (cty_judgement_content(s->judgement, digest, member, &content) == CUSTODY_OK)
        note(s, entry->entry.index, is_suspicious(content));
}

/* Names, services and actions are visible ASCII by their grammar; facts stand in the statement, in RFC 8785 form. */
static custody_err each_entry(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct search *s = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    struct cty_bytes facts = st->type == CTY_REQUEST ? st->u.request.facts
                             : st->type == CTY_PATCH ? st->u.patch.facts
                                                     : cty_bytes_make(NULL, 0);
    (void)text;
    if (facts.data)
        note(s, entry->entry.index, cty_json_is_suspicious(facts));
    if (st->type == CTY_REQUEST)
        look_at_content(s, entry, "payload", cty_document_is_suspicious);
    if (st->type == CTY_PATCH)
        look_at_content(s, entry, "result", cty_document_is_suspicious);
    for (size_t i = 0; cty_case_talk[i]; i++)
        look_at_content(s, entry, cty_case_talk[i], cty_text_is_suspicious);
    return CUSTODY_OK;
}

custody_err cty_case_suspect(struct cty_judgement *judgement)
{
    struct search search = {.judgement = judgement};
    if (!judgement->known)
        return CUSTODY_OK;
    CTY_TRY(cty_judgement_each(judgement, each_entry, &search));
    if (search.found == 1)
        cty_report_finding(&judgement->report, "text-suspicious", search.first,
                           "its text hides or moves on a screen; such characters are written out");
    if (search.found > 1)
        cty_report_finding(&judgement->report, "text-suspicious", search.first,
                           "its text, and %llu more of this case, hide or move on a screen; such characters are "
                           "written out", (unsigned long long)search.found - 1);
    return CUSTODY_OK;
}

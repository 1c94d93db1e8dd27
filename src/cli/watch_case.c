/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "cli/watch.h"

/* The case on the screen: exactly what `custody show` prints. */
struct view {
    struct cty_watch *w;
    const struct cty_hash *case_id;
    struct cty_pager pager;
    bool loaded;
    uint64_t size; /* of the ledger when it was judged */
    char title[32];
};

static custody_err draw(struct view *v, const char *keys)
{
    struct cty_watch *w = v->w;
    cty_frame_begin(&w->frame);
    CTY_TRY(cty_watch_head(w, v->title));
    CTY_TRY(cty_pager_put(&v->pager, &w->frame, 2));
    return cty_watch_foot(w, keys);
}

static custody_err judge(struct view *v, struct cty_buf *ret_text)
{
    struct cty_watch *w = v->w;
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_cli_judge_case(w->cli, w->client, v->case_id, &judgement));
    v->size = judgement->checkpoint.size;
    return cty_case_show(judgement, cty_client_now(w->client), ret_text);
}

/* Judges it anew, and where it reads otherwise shows that. */
static custody_err load(struct view *v)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    custody_err err = judge(v, &text);
    if (err == CUSTODY_OK && v->loaded && cty_bytes_equal(cty_buf_bytes(&text), cty_buf_bytes(&v->pager.text)))
        return CUSTODY_OK;
    if (err == CUSTODY_OK && v->loaded)
        cty_watch_say(v->w, "something was added to the ledger: this is how the case stands now");
    if (err == CUSTODY_OK) {
        v->loaded = true;
        return cty_pager_set(&v->pager, cty_buf_bytes(&text));
    }
    if (!cty_watch_goes_on(err))
        return err;
    cty_watch_say_error(v->w, v->loaded ? "the case could not be judged again" : "the case can't be shown", err);
    return CUSTODY_OK;
}

static custody_err act(struct view *v, int key)
{
    if (key == 'p')
        CTY_TRY(cty_watch_patch(v->w, v->case_id));
    else
        CTY_TRY(cty_watch_decide(v->w, v->case_id, key == 'a' ? CTY_APPROVE : CTY_REJECT));
    if (cty_screen_ended())
        return CUSTODY_OK;
    char said[CTY_WATCH_MESSAGE_SIZE];
    memcpy(said, v->w->message, sizeof(said));
    cty_watch_insist(v->w);
    custody_err err = load(v);
    memcpy(v->w->message, said, sizeof(said));
    return err;
}

static custody_err look(struct view *v)
{
    for (;;) {
        CTY_TRY(draw(v, "Space j/k read  a approve  r reject  p patch  q back  ? keys"));
        int key = cty_screen_key(cty_watch_pause(v->w));
        if (key == CTY_KEY_GONE || key == 'q' || key == CTY_KEY_ESCAPE)
            return CUSTODY_OK;
        if (key == 'a' || key == 'r' || key == 'p')
            CTY_TRY(act(v, key));
        else if (key == '?')
            CTY_TRY(cty_watch_keys(v->w));
        else if (!cty_pager_key(&v->pager, key))
            CTY_TRY(cty_watch_ask(v->w, key == 12, NULL, NULL));
        if (!v->w->lost && v->loaded && v->w->size > v->size)
            CTY_TRY(load(v));
    }
}

custody_err cty_watch_case(struct cty_watch *w, const struct cty_hash *case_id)
{
    struct view v = {.w = w, .case_id = case_id};
    const uint8_t *id = case_id->bytes;
    snprintf(v.title, sizeof(v.title), "case %02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    cty_watch_say(w, "fetching and verifying");
    CTY_TRY(draw(&v, "Ctrl-C quit"));
    w->message[0] = 0;
    cty_watch_insist(w);
    custody_err err = load(&v);
    if (err == CUSTODY_OK && v.loaded)
        err = look(&v);
    cty_pager_done(&v.pager);
    return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/client/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "codec/json.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

struct owned {
    struct cty_trust trust;
    bool parsed;
};
static struct owned owned; /* one fake at a time needs one */

struct world *fake_world(const char *policy)
{
    struct world *w = world_new();
    world_open(w, policy);
    world_party(w, "acme");
    MUST(world_agent(w, "acme/bot", "acme/a"));
    MUST(world_agent(w, "acme/other", "acme/a"));
    MUST(world_person(w, "acme/eve", "approver", "eve"));
    MUST(world_person(w, "acme/joe", "approver", "joe"));
    return w;
}

/* ---- what is shown ---- */

static void show(struct fake *f, struct cty_bytes text)
{
    f->entries = realloc(f->entries, (f->count + 1) * sizeof(*f->entries));
    CTY_CHECK(f->entries);
    uint8_t *copy = malloc(text.size);
    CTY_CHECK(copy);
    memcpy(copy, text.data, text.size);
    f->entries[f->count++] = cty_bytes_make(copy, text.size);
    struct cty_hash leaf = cty_tree_leaf(text);
    MUST(cty_memory_append_leaf(f->tree, &leaf));
}

void fake_follow(struct fake *f)
{
    while (f->taken < f->w->entries_count)
        show(f, f->w->entries[f->taken++]);
}

struct cty_hash fake_leaf(const struct fake *f, size_t index)
{
    CTY_CHECK(index < f->count);
    return cty_tree_leaf(f->entries[index]);
}

static enum cty_type type_at(const struct fake *f, size_t index)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    MUST(cty_entry_parse(f->entries[index], &parsed, NULL));
    enum cty_type type = parsed.signed_statement.statement.type;
    cty_parsed_entry_done(&parsed);
    return type;
}

size_t fake_find(const struct fake *f, enum cty_type type)
{
    for (size_t i = f->count; i > 0; i--) {
        if (type_at(f, i - 1) == type)
            return i - 1;
    }
    return SIZE_MAX;
}

bool fake_is_hidden(const struct fake *f, uint64_t index)
{
    for (size_t i = 0; i < f->hidden_count; i++) {
        if (f->hidden[i] == index)
            return true;
    }
    return false;
}

static struct cty_hash newest_trust(const struct fake *f)
{
    for (size_t i = f->count; i > 0; i--) {
        bool passed = f->pass_over && fake_is_hidden(f, i - 1);
        if (!passed && cty_type_class_get(type_at(f, i - 1)) == CTY_CLASS_TRUST)
            return fake_leaf(f, i - 1);
    }
    abort();
}

void fake_append(struct fake *f, struct cty_bytes envelope, const struct cty_hash *case_prev)
{
    struct cty_entry entry = {.index = f->count, .statement = envelope, .time = f->w->time};
    struct cty_buf text = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    entry.prev = (struct cty_opt_hash){fake_leaf(f, f->count - 1), true};
    entry.trust = (struct cty_opt_hash){newest_trust(f), true};
    if (case_prev)
        entry.case_prev = (struct cty_opt_hash){*case_prev, true};
    MUST(cty_entry_encode(&entry, &text));
    show(f, cty_buf_bytes(&text));
    cty_buf_done(&text);
}

void fake_disguise(struct fake *f, size_t index, size_t from)
{
    struct cty_parsed_entry at = {.json = CTY_JSON_INIT}, other = {.json = CTY_JSON_INIT};
    struct cty_buf text = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    size_t size = 0;
    MUST(cty_entry_parse(f->entries[index], &at, NULL));
    MUST(cty_entry_parse(f->entries[from], &other, NULL));
    at.entry.statement = other.entry.statement;
    at.entry.case_prev = other.entry.case_prev;
    MUST(cty_entry_encode(&at.entry, &text));
    cty_parsed_entry_done(&at);
    cty_parsed_entry_done(&other);
    free((void *)(uintptr_t)f->entries[index].data);
    uint8_t *data = cty_buf_take(&text, &size);
    f->entries[index] = cty_bytes_make(data, size);
}

void fake_repeat(struct fake *f, size_t from, const struct cty_hash *case_prev)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    MUST(cty_entry_parse(f->entries[from], &parsed, NULL));
    fake_append(f, parsed.entry.statement, case_prev);
    cty_parsed_entry_done(&parsed);
}

void fake_forge(struct fake *f, struct cty_statement *st, const struct cty_hash *case_prev, const char *signer)
{
    const struct cty_secret *secret = world_secret(f->w, signer);
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    MUST(cty_statement_sign(st, &secret, 1, &envelope, NULL));
    fake_append(f, cty_buf_bytes(&envelope), case_prev);
    cty_buf_done(&envelope);
}

void fake_note(struct fake *f, struct cty_buf *out)
{
    fake_note_at(f, f->count, out);
}

void fake_note_at(struct fake *f, uint64_t size, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = size};
    struct cty_buf text = CTY_BUF_INIT(4096);
    MUST(cty_memory_root(f->tree, size, &checkpoint.root));
    MUST(cty_checkpoint_format(&checkpoint, &text));
    MUST(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(f->w, "log"), out));
    cty_buf_done(&text);
}

static void forget_shown(struct fake *f)
{
    for (size_t i = 0; i < f->count; i++)
        free((void *)(uintptr_t)f->entries[i].data);
    free(f->entries);
    cty_memory_free(f->tree);
    f->entries = NULL;
    f->count = f->taken = 0;
    MUST(cty_memory_new(&f->tree));
}

void fake_switch(struct fake *f, struct world *w)
{
    pthread_mutex_lock(&f->lock);
    world_free(f->w);
    f->w = w;
    forget_shown(f);
    fake_follow(f);
    pthread_mutex_unlock(&f->lock);
}

/* ---- memory of one answer ---- */

struct cty_buf *fake_scrap_buf(struct fake *f, size_t limit)
{
    CTY_CHECK(f->scraps_count < CTY_COUNT_OF(f->scraps));
    struct cty_buf *buf = cty_alloc(1, sizeof(*buf));
    CTY_CHECK(buf);
    buf->limit = limit;
    f->scraps[f->scraps_count++] = buf;
    return buf;
}

struct cty_bytes fake_scrap(struct fake *f, struct cty_bytes bytes)
{
    struct cty_buf *buf = fake_scrap_buf(f, bytes.size);
    MUST(cty_buf_put_bytes(buf, bytes));
    return cty_buf_bytes(buf);
}

static void free_scraps(struct fake *f)
{
    for (size_t i = 0; i < f->scraps_count; i++) {
        cty_buf_done(f->scraps[i]);
        free(f->scraps[i]);
    }
    f->scraps_count = 0;
}

/* ---- the door ---- */

static void on_message(void *user, struct cty_net_call *call, struct cty_bytes message)
{
    struct fake *f = user;
    struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    bool drop = false;
    pthread_mutex_lock(&f->lock);
    fake_handle(f, message, &reply, &drop);
    free_scraps(f);
    pthread_mutex_unlock(&f->lock);
    if (drop)
        cty_net_drop(call);
    else
        MUST(cty_net_reply(call, cty_buf_bytes(&reply)));
    cty_buf_done(&reply);
}

void fake_open(struct fake *f)
{
    static const struct cty_net_server_ops ops = {.on_message = on_message};
    const char *urls[] = {f->url};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 1};
    custody_error error = {0};
    custody_err err = cty_net_server_open(&config, &ops, f, &f->server, &error);
    if (err != CUSTODY_OK)
        fprintf(stderr, "%s: %s\n", custody_err_name(err), error.detail);
    MUST(err);
}

void fake_close(struct fake *f)
{
    cty_net_server_close(f->server);
    f->server = NULL;
}

struct fake *fake_over(struct world *w)
{
    struct fake *f = cty_alloc(1, sizeof(*f));
    CTY_CHECK(f);
    f->w = w;
    pthread_mutex_init(&f->lock, NULL);
    snprintf(f->folder, sizeof(f->folder), "/tmp/custody-client-XXXXXX");
    CTY_CHECK(mkdtemp(f->folder));
    snprintf(f->url, sizeof(f->url), "ipc://%s/door", f->folder);
    forget_shown(f);
    fake_follow(f);
    fake_open(f);
    return f;
}

struct fake *fake_new(const char *policy)
{
    return fake_over(fake_world(policy));
}

static void remove_folder(const char *folder)
{
    char command[160];
    const char *const names[] = {"door", "state", "state.lock", "trust", "key"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        snprintf(command, sizeof(command), "%s/%s", folder, names[i]);
        unlink(command);
    }
    rmdir(folder); /* with what contradicted it stays, for whoever looks */
}

void fake_free(struct fake *f)
{
    if (f->server)
        fake_close(f);
    forget_shown(f);
    cty_memory_free(f->tree);
    world_free(f->w);
    free_scraps(f);
    pthread_mutex_destroy(&f->lock);
    remove_folder(f->folder);
    free(f);
    if (owned.parsed)
        cty_trust_done(&owned.trust);
    owned.parsed = false;
}

/* ---- clients ---- */

static void put_vkey(struct world *w, const char *name, struct cty_buf *out)
{
    const struct cty_secret *secret = world_secret(w, name);
    MUST(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), out));
}

void fake_trust_text(struct world *w, const char *more, struct cty_buf *out)
{
    MUST(cty_buf_put_text(out, "{\"admins\":{\"operator\":[\""));
    put_vkey(w, "operator/ada", out);
    MUST(cty_buf_put_text(out, "\",\""));
    put_vkey(w, "operator/otto", out);
    MUST(cty_buf_put_text(out, "\"]},\"custody_trust\":1,\"policy\":\"log "));
    put_vkey(w, "log", out);
    MUST(cty_buf_putf(out, "\\n%s\"}", more[0] ? more : "quorum none\\n"));
}

const struct cty_trust *fake_trust(struct fake *f)
{
    struct cty_buf text = CTY_BUF_INIT(4096);
    if (!owned.parsed) {
        fake_trust_text(f->w, "", &text);
        MUST(cty_trust_parse(cty_buf_bytes(&text), &owned.trust, NULL));
        owned.parsed = true;
        cty_buf_done(&text);
    }
    return &owned.trust;
}

void fake_path(const struct fake *f, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", f->folder, name);
}

uint64_t fake_clock(void *context)
{
    const struct fake *f = context;
    return f->w->time;
}

struct cty_client *fake_client(struct fake *f, const struct cty_trust *trust, const char *actor, const char *state)
{
    char path[160];
    struct cty_client *client = NULL;
    fake_path(f, state ? state : "", path, sizeof(path));
    const struct cty_client_config config = {
        .url = f->url,
        .trust = trust ? trust : fake_trust(f),
        .secret = actor ? world_secret(f->w, actor) : NULL,
        .state_path = state ? path : NULL,
        .patience_ms = 5000,
        .clock = fake_clock,
        .clock_context = f,
    };
    MUST(cty_client_open(&config, &client, NULL));
    return client;
}

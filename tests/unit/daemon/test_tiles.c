/* SPDX-License-Identifier: Apache-2.0 */
/* The door for readers of files: what it gives is the ledger, to whom, and how; and the same over nng. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec/text.h"
#include "daemon/tiles.h"
#include "ledger/bundle.h"
#include "ledger/note.h"
#include "unit/daemon/house.h"

/* --- asking -------------------------------------------------------------------------------------------------------- */

struct got {
    unsigned status;
    char *head;  /* owned; the body stands behind it */
    size_t head_size;
    struct cty_bytes body;
};

static void got_done(struct got *got)
{
    free(got->head);
}

static int dial(const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* One request on a connection of its own. */
static struct got ask(const struct house *h, const char *method, const char *path, const char *header, struct cty_bytes body)
{
    struct got got = {.status = 0};
    struct cty_buf out = CTY_BUF_INIT(1u << 20);
    size_t size = 0, room = 4u << 20;
    ssize_t more;
    int fd = dial(cty_daemon_http_url(h->daemon));
    assert_ok(cty_buf_putf(&out, "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s", method, path, header));
    if (body.size)
        assert_ok(cty_buf_putf(&out, "Content-Length: %zu\r\n", body.size));
    assert_ok(cty_buf_put_text(&out, "\r\n"));
    assert_ok(cty_buf_put_bytes(&out, body));
    assert_int_equal(send(fd, out.data, out.size, MSG_NOSIGNAL), (ssize_t)out.size);
    cty_buf_done(&out);
    got.head = calloc(1, room);
    assert_non_null(got.head);
    while (size < room - 1 && (more = read(fd, got.head + size, room - 1 - size)) > 0)
        size += (size_t)more;
    close(fd);
    const char *end = strstr(got.head, "\r\n\r\n");
    assert_non_null(end);
    got.head_size = (size_t)(end - got.head) + 4;
    got.status = (unsigned)strtoul(got.head + 9, NULL, 10);
    got.body = cty_bytes_make(got.head + got.head_size, size - got.head_size);
    return got;
}

static struct got get(const struct house *h, const char *path)
{
    return ask(h, "GET", path, "", cty_bytes_make(NULL, 0));
}

static void expect_head(const struct got *got, const char *part)
{
    const char *at = strstr(got->head, part);
    if (!at || at >= got->head + got->head_size)
        fail_msg("no %s in %.*s", part, (int)got->head_size, got->head);
}

static void expect_problem(const struct house *h, const char *method, const char *path, unsigned status, const char *code)
{
    char member[64];
    struct got got = ask(h, method, path, "", cty_bytes_make(NULL, 0));
    snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
    if (got.status != status || (strcmp(method, "HEAD") != 0 && !strstr(got.head, member)))
        fail_msg("%s %s: not %u %s: %s", method, path, status, code, got.head);
    expect_head(&got, "\r\nContent-Type: application/problem+json\r\n");
    expect_head(&got, "\r\nCache-Control: no-store\r\n");
    got_done(&got);
}

static struct house *house_with_http(enum cty_readers readers)
{
    struct house *h = house_new(false);
    if (readers == CTY_READERS_PUBLIC) {
        struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
        struct cty_daemon_options options = {.config = &h->config, .log = h->log, .clerk = h->clerk, .clock = &h->clock};
        struct draft d;
        unlink(h->path);
        house_genesis(h, &d);
        d.st.u.ledger_open.readers = CTY_READERS_PUBLIC;
        draft_params(h, &d, &params);
        draft_done(&d);
        assert_ok(cty_daemon_create_ledger(&options, cty_buf_bytes(&params), &(custody_error){.code = CUSTODY_OK}));
        cty_buf_done(&params);
    }
    assert_ok(cty_config_set(&h->config.http, "http://127.0.0.1:0"));
    house_open(h);
    house_enrol_party(h, "acme");
    return h;
}

/* Entries until the ledger has so many; each request that passes brings three. */
static void grow(struct house *h, uint64_t size)
{
    struct draft d;
    house_enrol_agent(h, &d, "acme/bot");
    house_stands(h, &d);
    while (house_size(h) < size)
        (void)house_case(h, "acme/bot", "refund");
}

/* --- what it gives -------------------------------------------------------------------------------------------------- */

/* The origin in it is not for use. */
static void read_checkpoint(const struct house *h, struct cty_checkpoint *ret_checkpoint)
{
    struct cty_note note;
    struct got got = get(h, "/checkpoint");
    assert_int_equal(got.status, 200);
    expect_head(&got, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    expect_head(&got, "\r\nCache-Control: public, max-age=2\r\n");
    expect_head(&got, "\r\nETag: \"c");
    assert_ok(cty_note_parse(got.body, &note));
    assert_ok(cty_note_verify(&note, cty_bytes_text(HOUSE_ORIGIN), cty_secret_key(h->log)));
    assert_ok(cty_checkpoint_parse(note.text, ret_checkpoint));
    got_done(&got);
}

static struct got get_path(const struct house *h, const struct cty_tile_path *path)
{
    char text[CTY_TILE_PATH_SIZE + 1] = "/";
    cty_tile_path_format(path, text + 1);
    return get(h, text);
}

/* The tree's root out of the leaves in the bundles, compared with the checkpoint's; and the tiles against the leaves. */
static void whole_ledger_is_what_was_signed(const struct house *h)
{
    struct cty_checkpoint checkpoint;
    struct cty_frontier frontier = {.size = 0};
    struct cty_bytes entries[CTY_TILE_WIDTH];
    read_checkpoint(h, &checkpoint);
    for (uint64_t i = 0; i < cty_tile_count(checkpoint.size, 0); i++) {
        unsigned width = cty_tile_width(checkpoint.size, 0, i);
        struct cty_tile_path path = {CTY_TILE_ENTRIES, 0, i, width}, beside = {CTY_TILE_HASHES, 0, i, width};
        struct got bundle = get_path(h, &path), hashes = get_path(h, &beside);
        assert_int_equal(bundle.status, 200);
        assert_int_equal(hashes.status, 200);
        expect_head(&bundle, "\r\nContent-Type: application/octet-stream\r\n");
        expect_head(&bundle, "\r\nCache-Control: public, max-age=31536000, immutable\r\n");
        expect_head(&hashes, "\r\nContent-Type: application/octet-stream\r\n");
        expect_head(&hashes, "\r\nCache-Control: public, max-age=31536000, immutable\r\n");
        assert_int_equal(hashes.body.size, width * CTY_HASH_SIZE);
        assert_ok(cty_bundle_parse(bundle.body, width, entries));
        for (unsigned k = 0; k < width; k++) {
            struct cty_hash leaf = cty_tree_leaf(entries[k]);
            assert_memory_equal(hashes.body.data + k * CTY_HASH_SIZE, leaf.bytes, CTY_HASH_SIZE);
            assert_ok(cty_frontier_append(&frontier, &leaf, NULL, NULL));
        }
        got_done(&bundle);
        got_done(&hashes);
    }
    struct cty_hash root = cty_frontier_root(&frontier);
    assert_true(cty_hash_equal(&root, &checkpoint.root));
}

static void tiles_give_the_whole_ledger(void **state)
{
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    (void)state;
    whole_ledger_is_what_was_signed(h);
    grow(h, 258);
    whole_ledger_is_what_was_signed(h);
    /* The level above has the root of the full tile, and nothing else. */
    struct got above = get(h, "/tile/1/000.p/1"), below = get(h, "/tile/0/000");
    struct cty_frontier frontier = {.size = 0};
    assert_int_equal(above.status, 200);
    assert_int_equal(above.body.size, CTY_HASH_SIZE);
    assert_int_equal(below.body.size, CTY_TILE_WIDTH * CTY_HASH_SIZE);
    for (size_t i = 0; i < CTY_TILE_WIDTH; i++) {
        struct cty_hash leaf;
        memcpy(leaf.bytes, below.body.data + i * CTY_HASH_SIZE, CTY_HASH_SIZE);
        assert_ok(cty_frontier_append(&frontier, &leaf, NULL, NULL));
    }
    struct cty_hash root = cty_frontier_root(&frontier);
    assert_memory_equal(above.body.data, root.bytes, CTY_HASH_SIZE);
    got_done(&above);
    got_done(&below);
    house_free(h);
}

/* What was published once is there for good: each width, also after the tile is full. */
static void each_width_stays_what_it_was(void **state)
{
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    (void)state;
    grow(h, 257);
    struct got full = get(h, "/tile/0/000"), entries = get(h, "/tile/entries/000");
    for (unsigned width = 1; width <= 255; width += 127) {
        struct cty_tile_path path = {CTY_TILE_HASHES, 0, 0, width}, bundle = {CTY_TILE_ENTRIES, 0, 0, width};
        struct got part = get_path(h, &path), some = get_path(h, &bundle);
        assert_int_equal(part.status, 200);
        assert_int_equal(part.body.size, width * CTY_HASH_SIZE);
        assert_memory_equal(part.body.data, full.body.data, part.body.size);
        assert_int_equal(some.status, 200);
        assert_true(some.body.size < entries.body.size);
        assert_memory_equal(some.body.data, entries.body.data, some.body.size);
        got_done(&part);
        got_done(&some);
    }
    got_done(&full);
    got_done(&entries);
    house_free(h);
}

static void what_is_not_covered_is_not_there(void **state)
{
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    char path[64];
    (void)state;
    uint64_t size = house_size(h);
    assert_true(size > 1 && size < 255);
    snprintf(path, sizeof(path), "/tile/entries/000.p/%" PRIu64, size + 1);
    expect_problem(h, "GET", path, 404, "not-found");
    snprintf(path, sizeof(path), "/tile/0/000.p/%" PRIu64, size + 1);
    expect_problem(h, "GET", path, 404, "not-found");
    expect_problem(h, "HEAD", path, 404, "not-found");
    static const char *const beyond[] = {"/tile/0/000", "/tile/entries/000", "/tile/0/001.p/1", "/tile/1/000.p/1", "/tile/63/000.p/1",
                                         "/tile/7/000", "/tile/entries/x018/x446/x744/x073/x709/x551/615",
                                         "/tile/0/x018/x446/x744/x073/x709/x551/615.p/255"};
    for (size_t i = 0; i < CTY_COUNT_OF(beyond); i++)
        expect_problem(h, "GET", beyond[i], 404, "not-found");
    snprintf(path, sizeof(path), "/tile/0/000.p/%" PRIu64, size);
    struct got got = get(h, path);
    assert_int_equal(got.status, 200);
    got_done(&got);
    house_free(h);
}

static void other_paths_are_refused(void **state)
{
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    static const char *const bad[] = {"/tile/0/0", "/tile/0/../0/000", "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/64/000",
                                      "/tile/0/x000/001", "/tile/0/000/", "/tile/0/%30%30%30", "/tile/", "/tile/entries/..",
                                      "/tile/0/000.p/1%00"};
    static const char *const absent[] = {"/", "/checkpoint/", "/checkpoints", "//checkpoint", "/../checkpoint", "/metrics", "/healthz",
                                         "/%63heckpoint", "*", "/session/challenge", "/session/open", "/log/v1", "/tile"};
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        expect_problem(h, "GET", bad[i], 400, "bad-params");
    for (size_t i = 0; i < CTY_COUNT_OF(absent); i++)
        expect_problem(h, "GET", absent[i], 404, "not-found");
    for (size_t i = 0; i < CTY_COUNT_OF(methods); i++) {
        expect_problem(h, methods[i], "/checkpoint", 405, "method-unknown");
        struct got got = ask(h, methods[i], "/tile/0/000.p/1", "", cty_bytes_make(NULL, 0));
        expect_head(&got, "\r\nAllow: GET, HEAD\r\n");
        got_done(&got);
    }
    struct got got = get(h, "/checkpoint?at=now"); /* what caches are given to tell things apart */
    assert_int_equal(got.status, 200);
    got_done(&got);
    house_free(h);
}

static void who_has_it_is_told_so(void **state)
{
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    static const char *const paths[] = {"/checkpoint", "/tile/0/000.p/2", "/tile/entries/000.p/2"};
    struct draft d;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++) {
        char tag[64] = "", header[128];
        struct got got = get(h, paths[i]);
        const char *at = strstr(got.head, "\r\nETag: ");
        assert_non_null(at);
        snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(at + 8, "\r"), at + 8);
        snprintf(header, sizeof(header), "If-None-Match: %s\r\n", tag);
        struct got again = ask(h, "GET", paths[i], header, cty_bytes_make(NULL, 0));
        assert_int_equal(again.status, 304);
        assert_int_equal(again.body.size, 0);
        expect_head(&again, tag);
        got_done(&again);
        again = ask(h, "HEAD", paths[i], "", cty_bytes_make(NULL, 0));
        assert_int_equal(again.status, 200);
        assert_int_equal(again.body.size, 0);
        char length[64];
        snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", got.body.size);
        expect_head(&again, length);
        expect_head(&again, tag);
        got_done(&again);
        house_enrol_agent(h, &d, i == 0 ? "acme/one" : i == 1 ? "acme/two" : "acme/three");
        house_stands(h, &d);
        again = ask(h, "GET", paths[i], header, cty_bytes_make(NULL, 0));
        assert_int_equal(again.status, i == 0 ? 200 : 304); /* the checkpoint is another one now */
        got_done(&again);
        got_done(&got);
    }
    house_free(h);
}

/* Two files that differ have tags that do. */
static void tags_tell_files_apart(void **state)
{
    static const char *const paths[] = {"/checkpoint", "/tile/0/000.p/1", "/tile/0/000.p/2", "/tile/entries/000.p/1",
                                        "/tile/entries/000.p/2"};
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    char tags[CTY_COUNT_OF(paths)][80];
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++) {
        struct got got = get(h, paths[i]);
        const char *at = strstr(got.head, "\r\nETag: ");
        assert_non_null(at);
        snprintf(tags[i], sizeof(tags[i]), "%.*s", (int)strcspn(at + 8, "\r"), at + 8);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(tags[i], tags[k]);
        got_done(&got);
    }
    house_free(h);
}

/* --- members -------------------------------------------------------------------------------------------------------- */

static custody_err find_member(const struct got *got, const char *name, char *ret_text, size_t size)
{
    char label[32];
    snprintf(label, sizeof(label), "\"%s\":", name);
    const char *at = strstr(got->head + got->head_size, label);
    if (!at)
        return CUSTODY_E_NOT_FOUND;
    at += strlen(label) + (at[strlen(label)] == '"');
    size_t length = strcspn(at, "\",}");
    assert_true(length < size);
    memcpy(ret_text, at, length);
    ret_text[length] = 0;
    return CUSTODY_OK;
}

/* Signs a claim for this door, and brings it. The caller frees the answer. */
static struct got bring_claim(struct house *h, const char *actor, const struct cty_session_claim *change)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_session_claim claim = {.actor = cty_bytes_text(actor), .ledger = cty_bytes_text(HOUSE_ORIGIN),
                                      .door = cty_bytes_text(cty_daemon_http_url(h->daemon)), .time = cty_clock_wall(&h->clock)};
    char text[64];
    struct got challenge = get(h, "/session/challenge");
    assert_int_equal(challenge.status, 200);
    expect_head(&challenge, "\r\nContent-Type: application/json\r\n");
    expect_head(&challenge, "\r\nCache-Control: no-store\r\n");
    assert_ok(find_member(&challenge, "server_nonce", text, sizeof(text)));
    assert_ok(cty_hex_parse_into(cty_bytes_text(text), claim.server_nonce, 16));
    got_done(&challenge);
    if (change->door.data)
        claim.door = change->door;
    if (change->ledger.data)
        claim.ledger = change->ledger;
    claim.certificate = change->certificate;
    claim.time += change->time;
    assert_ok(cty_session_claim_sign(&claim, house_secret(h, actor), &envelope));
    struct got got = ask(h, "POST", "/session/open", "", cty_buf_bytes(&envelope));
    if (change->type) { /* once more */
        got_done(&got);
        got = ask(h, "POST", "/session/open", "", cty_buf_bytes(&envelope));
    }
    cty_buf_done(&envelope);
    return got;
}

static void take_token(struct house *h, const char *actor, char ret_header[512])
{
    char token[400];
    struct got got = bring_claim(h, actor, &(struct cty_session_claim){.time = 0});
    if (got.status != 200)
        fail_msg("%s", got.head);
    expect_head(&got, "\r\nContent-Type: application/json\r\n");
    expect_head(&got, "\r\nCache-Control: no-store\r\n");
    assert_ok(find_member(&got, "token", token, sizeof(token)));
    snprintf(ret_header, 512, "Authorization: Bearer %s\r\n", token);
    got_done(&got);
}

static unsigned status_with(const struct house *h, const char *path, const char *header)
{
    struct got got = ask(h, "GET", path, header, cty_bytes_make(NULL, 0));
    unsigned status = got.status;
    if (status == 200)
        expect_head(&got, "\r\nCache-Control: private, no-store\r\n");
    if (status == 401)
        expect_head(&got, "\r\nWWW-Authenticate: Bearer realm=\"custody\"\r\n");
    got_done(&got);
    return status;
}

#define BUNDLE "/tile/entries/000.p/2"

static void entries_of_members_need_a_token(void **state)
{
    struct house *h = house_with_http(CTY_READERS_MEMBERS);
    char token[512], other[512];
    (void)state;
    /* Hashes say nothing, and are open. */
    struct got got = get(h, "/tile/0/000.p/2");
    assert_int_equal(got.status, 200);
    expect_head(&got, "\r\nCache-Control: public, max-age=31536000, immutable\r\n");
    got_done(&got);
    struct cty_checkpoint checkpoint;
    read_checkpoint(h, &checkpoint);
    expect_problem(h, "GET", BUNDLE, 401, "session-needed");
    expect_problem(h, "HEAD", BUNDLE, 401, "session-needed");
    /* Who may not know what is there is not told that something isn't. */
    expect_problem(h, "GET", "/tile/entries/000", 401, "session-needed");
    take_token(h, "acme/a", token);
    assert_int_equal(status_with(h, BUNDLE, token), 200);
    assert_int_equal(status_with(h, "/tile/entries/000", token), 404);
    memcpy(token + 15, "bEARER", 6);
    assert_int_equal(status_with(h, BUNDLE, token), 200);
    /* Any byte of it changed is another token, and so is a part of one. */
    for (size_t at = 22; at + 4 < strlen(token); at += 7) {
        snprintf(other, sizeof(other), "%s", token);
        other[at] = other[at] == 'A' ? 'B' : 'A';
        assert_int_equal(status_with(h, BUNDLE, other), 401);
    }
    static const char *const headers[] = {"Authorization: Bearer \r\n", "Authorization: Bearer AAAA\r\n", "Authorization: Bearer ====\r\n",
                                          "Authorization: Basic YWRhOmFkYQ==\r\n", "Authorization: Bearer\r\n", "Authorization: x\r\n"};
    for (size_t i = 0; i < CTY_COUNT_OF(headers); i++)
        assert_int_equal(status_with(h, BUNDLE, headers[i]), 401);
    house_free(h);
}

static void rotate_key(struct house *h, const char *actor)
{
    const char *const signers[] = {actor, "new", NULL};
    struct cty_secret *fresh = house_make_key(actor, "the second one");
    struct draft d;
    h->fresh = fresh;
    draft_begin(h, &d, CTY_ACTOR_ROTATE, signers);
    house_put_vkey(&d, fresh, &d.st.u.actor_rotate.key);
    house_stands(h, &d);
    house_set_secret(h, actor, fresh);
}

static void tokens_end_with_time_and_key(void **state)
{
    struct house *h = house_with_http(CTY_READERS_MEMBERS);
    struct draft d;
    char token[512], bot[512];
    (void)state;
    house_enrol_agent(h, &d, "acme/bot");
    house_stands(h, &d);
    take_token(h, "acme/a", token);
    take_token(h, "acme/bot", bot);
    assert_int_equal(status_with(h, BUNDLE, token), 200);
    house_pass(h, CTY_BEARER_MS_MAX - 60000);
    assert_int_equal(status_with(h, BUNDLE, token), 200);
    /* One whose actor is revoked ends with it. */
    assert_int_equal(status_with(h, BUNDLE, bot), 200);
    const char *const signers[] = {"acme/a", "acme/b", NULL};
    draft_begin(h, &d, CTY_ACTOR_REVOKE, signers);
    d.st.u.actor_revoke.actor = cty_bytes_text("acme/bot");
    d.st.u.actor_revoke.since = d.st.time;
    d.st.u.actor_revoke.reason = (struct cty_opt_hash){draft_commit(&d, "reason", "it was stolen"), true};
    house_stands(h, &d);
    assert_int_equal(status_with(h, BUNDLE, bot), 401);
    assert_int_equal(status_with(h, BUNDLE, token), 200);
    house_pass(h, 60001);
    assert_int_equal(status_with(h, BUNDLE, token), 401);
    /* A new key does not go on with what the old one signed for. */
    take_token(h, "acme/a", token);
    rotate_key(h, "acme/a");
    assert_int_equal(status_with(h, BUNDLE, token), 401);
    take_token(h, "acme/a", token);
    assert_int_equal(status_with(h, BUNDLE, token), 200);
    /* And all of them with the process. */
    house_close(h);
    house_open(h);
    assert_int_equal(status_with(h, BUNDLE, token), 401);
    house_free(h);
}

static void expect_claim(struct house *h, const char *actor, const struct cty_session_claim *change, unsigned status,
                         const char *code)
{
    char member[64];
    struct got got = bring_claim(h, actor, change);
    snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
    if (got.status != status || !strstr(got.head, member))
        fail_msg("not %u %s: %s", status, code, got.head);
    got_done(&got);
}

static void claims_are_for_this_door_and_this_moment(void **state)
{
    struct house *h = house_with_http(CTY_READERS_MEMBERS);
    char token[512];
    (void)state;
    expect_claim(h, "acme/a", &(struct cty_session_claim){.door = cty_bytes_text(cty_daemon_url(h->daemon, 0))}, 403, "bad-session");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.door = cty_bytes_text("http://127.0.0.1:1")}, 403, "bad-session");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.door = cty_bytes_text("https://ledger.example.org")}, 403, "bad-session");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.ledger = cty_bytes_text("custody.example/other")}, 409, "wrong-ledger");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.time = CTY_SESSION_SKEW_MS_MAX + 1000}, 403, "bad-session");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.certificate = {{{1}}, true}}, 403, "bad-session");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.type = 1}, 403, "bad-session"); /* the challenge was used */
    expect_problem(h, "GET", "/session/open", 405, "method-unknown");
    struct got got = ask(h, "POST", "/session/challenge", "", CTY_LITERAL("{}"));
    assert_int_equal(got.status, 405);
    got_done(&got);
    got = ask(h, "POST", "/session/open", "", CTY_LITERAL("{\"no\":\"envelope\"}"));
    assert_int_equal(got.status, 400);
    got_done(&got);
    got = ask(h, "POST", "/checkpoint", "", CTY_LITERAL("{}"));
    assert_int_equal(got.status, 405);
    expect_head(&got, "\r\nAllow: GET, HEAD\r\n");
    got_done(&got);
    take_token(h, "acme/a", token);
    house_free(h);
}

/* Behind a proxy only its addresses count: the plain one could be anybody's on another machine. */
static void behind_a_proxy_its_address_is_the_door(void **state)
{
    struct house *h = house_with_http(CTY_READERS_MEMBERS);
    (void)state;
    house_close(h);
    assert_ok(cty_config_add(h->config.http_names, &h->config.http_names_count, "https://ledger.example.org/refunds", NULL));
    house_open(h);
    struct got got = bring_claim(h, "acme/a", &(struct cty_session_claim){.door = cty_bytes_text("https://ledger.example.org/refunds")});
    assert_int_equal(got.status, 200);
    got_done(&got);
    expect_claim(h, "acme/a", &(struct cty_session_claim){.time = 0}, 403, "bad-session");
    expect_claim(h, "acme/a", &(struct cty_session_claim){.door = cty_bytes_text("https://ledger.example.org")}, 403, "bad-session");
    house_free(h);
}

static void doors_are_spelled_in_one_way(void **state)
{
    static const char *const right[] = {"https://a.example", "https://a.example:8443", "https://a.example/x", "https://192.0.2.1:1/x/y.z",
                                        "https://[2001:db8::1]/x", "https://[2001:db8::1]:8443", "http://127.0.0.1:80"};
    static const char *const bad[] = {"", "https://", "https:///x", "https://A.example", "https://a.example/", "https://a.example//x",
                                      "https://a.example/x/", "https://a.example/..", "https://a.example/x/../y", "https://a.example/%41",
                                      "https://a.example:", "https://a.example:0", "https://a.example:65536", "https://a.example:x",
                                      "https://u@a.example", "https://a.example?x", "https://a.example#x", "http://a.example",
                                      "http://192.0.2.1:80", "ftp://a.example", "https://[::1", "https://[1.2.3.4]", "https://1.2.3",
                                      "tls+tcp://a.example:1", "https://a.example/x y"};
    char name[CTY_URL_BYTES_MAX + 1];
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(right); i++) {
        assert_ok(cty_tiles_name_parse(cty_bytes_text(right[i]), name, NULL));
        assert_string_equal(name, right[i]);
    }
    assert_ok(cty_tiles_name_parse(cty_bytes_text("http://localhost:80"), name, NULL));
    assert_string_equal(name, "http://127.0.0.1:80");
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        if (cty_tiles_name_parse(cty_bytes_text(bad[i]), name, NULL) != CUSTODY_E_CONFIG)
            fail_msg("taken: %s", bad[i]);
    }
    char longest[CTY_URL_BYTES_MAX + 2] = "https://a.example/";
    memset(longest + strlen(longest), 'x', sizeof(longest) - 1 - strlen(longest));
    assert_refused(cty_tiles_name_parse(cty_bytes_make(longest, CTY_URL_BYTES_MAX + 1), name, NULL), "config");
    assert_ok(cty_tiles_name_parse(cty_bytes_make(longest, CTY_URL_BYTES_MAX), name, NULL));
}

/* --- where it may listen -------------------------------------------------------------------------------------------- */

static void members_are_served_on_this_machine_only(void **state)
{
    struct house *h = house_new(false);
    struct cty_daemon_facts facts = {.closed = false};
    struct cty_daemon_options options = {.config = &h->config, .log = h->log, .clerk = h->clerk};
    custody_error error = {0};
    (void)state;
    assert_ok(cty_config_set(&h->config.http, "http://0.0.0.0:0"));
    assert_refused(house_try_open(h, false, &error), "config");
    assert_non_null(strstr(error.detail, "for members"));
    assert_refused(cty_daemon_check_ledger(&options, &facts, &error), "config");
    assert_ok(cty_config_set(&h->config.http, "http://127.0.0.1:0"));
    assert_ok(cty_daemon_check_ledger(&options, &facts, &error));
    house_free(h);
    h = house_with_http(CTY_READERS_PUBLIC);
    house_close(h);
    assert_ok(cty_config_set(&h->config.http, "http://0.0.0.0:0"));
    house_open(h);
    struct got got = get(h, "/checkpoint");
    assert_int_equal(got.status, 200);
    got_done(&got);
    house_free(h);
}

static void without_it_there_is_no_door(void **state)
{
    struct house *h = house_new(false);
    (void)state;
    house_open(h);
    assert_null(cty_daemon_http_url(h->daemon));
    house_free(h);
}

/* --- over nng ------------------------------------------------------------------------------------------------------- */

static custody_err call_tile(struct house *h, const char *path, const struct cty_hash *session, struct cty_buf *out)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_TILE};
    struct house_reply reply;
    call.params.u.tile.path = cty_bytes_text(path);
    if (session)
        call.params.session = (struct cty_opt_hash){*session, true};
    custody_err err = house_call(h, &call, &reply);
    cty_buf_clear(out);
    if (err == CUSTODY_OK)
        assert_ok(cty_base64_parse(reply.result.tile.content, out));
    house_reply_done(&reply);
    return err;
}

static void over_nng_it_is_the_same(void **state)
{
    static const char *const paths[] = {"checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2"};
    struct house *h = house_with_http(CTY_READERS_MEMBERS);
    struct cty_buf content = CTY_BUF_INIT(CTY_BUNDLE_BYTES_MAX);
    struct cty_hash session = house_session(h, "acme/a");
    char token[512], path[64];
    (void)state;
    take_token(h, "acme/a", token);
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++) {
        snprintf(path, sizeof(path), "/%s", paths[i]);
        struct got got = ask(h, "GET", path, token, cty_bytes_make(NULL, 0));
        assert_int_equal(got.status, 200);
        assert_ok(call_tile(h, paths[i], &session, &content));
        assert_true(cty_bytes_equal(cty_buf_bytes(&content), got.body));
        got_done(&got);
    }
    assert_ok(call_tile(h, paths[0], NULL, &content));
    assert_ok(call_tile(h, paths[1], NULL, &content));
    assert_refused(call_tile(h, paths[2], NULL, &content), "session-needed");
    assert_refused(call_tile(h, paths[2], &(struct cty_hash){{7}}, &content), "session-needed");
    assert_refused(call_tile(h, "tile/0/000", NULL, &content), "not-found");
    assert_refused(call_tile(h, "tile/0/000.p/0", NULL, &content), "bad-params");
    assert_refused(call_tile(h, "/checkpoint", NULL, &content), "bad-params");
    cty_buf_done(&content);
    house_free(h);
    h = house_with_http(CTY_READERS_PUBLIC);
    assert_ok(call_tile(h, paths[2], NULL, &content));
    cty_buf_done(&content);
    house_free(h);
}

/* --- readers while it is written, which the thread sanitizer watches ------------------------------------------------- */

struct reader {
    struct house *h;
    pthread_t thread;
    unsigned right;
};

static unsigned status_of(struct house *h, const char *path)
{
    struct got got = get(h, path);
    unsigned status = got.status;
    got_done(&got);
    return status;
}

static void *run_reader(void *context)
{
    struct reader *reader = context;
    for (unsigned i = 0; i < 30; i++) {
        unsigned later = status_of(reader->h, "/tile/0/000.p/60");
        reader->right += status_of(reader->h, "/checkpoint") == 200 && (later == 200 || later == 404) &&
                         status_of(reader->h, "/tile/entries/000.p/3") == 200;
    }
    return NULL;
}

static void it_is_read_while_it_grows(void **state)
{
    struct house *h = house_with_http(CTY_READERS_PUBLIC);
    struct reader readers[4];
    struct draft d;
    (void)state;
    house_enrol_agent(h, &d, "acme/bot");
    house_stands(h, &d);
    for (size_t i = 0; i < CTY_COUNT_OF(readers); i++) {
        readers[i] = (struct reader){.h = h};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, run_reader, &readers[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        (void)house_case(h, "acme/bot", "refund");
    for (size_t i = 0; i < CTY_COUNT_OF(readers); i++) {
        pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].right, 30);
    }
    whole_ledger_is_what_was_signed(h);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_give_the_whole_ledger),
        cmocka_unit_test(each_width_stays_what_it_was),
        cmocka_unit_test(what_is_not_covered_is_not_there),
        cmocka_unit_test(other_paths_are_refused),
        cmocka_unit_test(who_has_it_is_told_so),
        cmocka_unit_test(tags_tell_files_apart),
        cmocka_unit_test(entries_of_members_need_a_token),
        cmocka_unit_test(tokens_end_with_time_and_key),
        cmocka_unit_test(claims_are_for_this_door_and_this_moment),
        cmocka_unit_test(behind_a_proxy_its_address_is_the_door),
        cmocka_unit_test(doors_are_spelled_in_one_way),
        cmocka_unit_test(members_are_served_on_this_machine_only),
        cmocka_unit_test(without_it_there_is_no_door),
        cmocka_unit_test(over_nng_it_is_the_same),
        cmocka_unit_test(it_is_read_while_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

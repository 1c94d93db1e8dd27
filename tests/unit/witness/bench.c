/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/witness/bench.h"

#include <dirent.h>
#include <unistd.h>

#include "witness/kept.h"

const struct history straight = {LEAVES}, forked_at_3 = {3}, forked_at_5 = {5};

/* --- trees ------------------------------------------------------------------------------------------------- */

static struct cty_hash leaf_of(const struct history *history, uint64_t index)
{
    uint8_t bytes[2] = {(uint8_t)index, index >= history->forked_at ? (uint8_t)history->forked_at + 1 : 0};
    return cty_tree_leaf(cty_bytes_make(bytes, sizeof(bytes)));
}

static custody_err node_of(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    struct cty_hash hashes[LEAVES];
    size_t count = (size_t)1 << height;
    if ((index + 1) * count > LEAVES)
        return CUSTODY_E_NOT_FOUND;
    for (size_t i = 0; i < count; i++)
        hashes[i] = leaf_of(context, index * count + i);
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++)
            hashes[i] = cty_tree_node(&hashes[2 * i], &hashes[2 * i + 1]);
    }
    *ret_hash = hashes[0];
    return CUSTODY_OK;
}

struct cty_tree_reader history_reader(const struct history *history)
{
    return (struct cty_tree_reader){(void *)(uintptr_t)history, node_of};
}

struct cty_hash history_root(const struct history *history, uint64_t size)
{
    struct cty_tree_reader reader = history_reader(history);
    struct cty_hash root;
    assert_ok(cty_tree_root(&reader, size, &root));
    return root;
}

/* --- the witness ------------------------------------------------------------------------------------------- */

static uint64_t wall_of(void *context)
{
    return ((struct bench *)context)->now_s * 1000;
}

static uint64_t passed_of(void *context)
{
    const struct bench *bench = context;
    return (bench->now_s - bench->stepped_s) * 1000;
}

static void told(void *user, bool alarm, struct cty_bytes origin, const char *text)
{
    struct bench *bench = user;
    (void)origin;
    bench->alarms += alarm ? 1 : 0;
    snprintf(bench->told, sizeof(bench->told), "%s", text);
}

static void secret_of(uint8_t byte, const char *name, struct cty_secret **ret_secret)
{
    uint8_t seed[32];
    memset(seed, byte, sizeof(seed));
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed, ret_secret));
}

static void make_state(struct bench *bench)
{
    struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX), log = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    struct cty_witness_store *store = NULL;
    assert_ok(cty_vkey_format(CTY_LITERAL(WITNESS), CTY_KEY_COSIGNATURE, cty_secret_key(bench->witness_key), &vkey));
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench->log), &log));
    assert_ok(cty_witness_store_make(bench->state, cty_buf_bytes(&vkey), NULL));
    assert_ok(cty_witness_store_open(bench->state, false, &store, NULL));
    assert_ok(cty_witness_log_add(store, CTY_LITERAL(ORIGIN), cty_buf_bytes(&log), NULL));
    cty_witness_store_close(store);
    cty_buf_done(&vkey);
    cty_buf_done(&log);
}

void bench_make(struct bench *bench)
{
    *bench = (struct bench){.now_s = NOW_S, .folder = "/tmp/custody-witness-XXXXXX"};
    assert_ok(cty_crypto_init());
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->state, sizeof(bench->state), "%s/witness.db", bench->folder);
    secret_of(0x11, ORIGIN, &bench->log);
    secret_of(0x12, ORIGIN, &bench->other_log);
    secret_of(0x22, WITNESS, &bench->witness_key);
    make_state(bench);
    bench_open(bench);
}

void bench_open(struct bench *bench)
{
    const struct cty_clock clock = {.wall_ms = wall_of, .monotonic_ms = passed_of, .context = bench};
    const struct cty_witness_config config = {.state_path = bench->state, .secret = bench->witness_key, .clock = &clock,
                                              .told = told, .user = bench};
    assert_ok(cty_witness_open(&config, &bench->witness, NULL));
}

void bench_close(struct bench *bench)
{
    cty_witness_close(bench->witness);
    bench->witness = NULL;
}

static unsigned each_file(const struct bench *bench, const char *part, bool removes)
{
    unsigned count = 0;
    DIR *dir = opendir(bench->folder);
    assert_non_null(dir);
    for (struct dirent *item = readdir(dir); item; item = readdir(dir)) {
        char path[512];
        if (item->d_name[0] == '.' || !strstr(item->d_name, part))
            continue;
        count++;
        snprintf(path, sizeof(path), "%s/%s", bench->folder, item->d_name);
        if (removes)
            assert_int_equal(unlink(path), 0);
    }
    closedir(dir);
    return count;
}

unsigned bench_files(const struct bench *bench)
{
    return each_file(bench, ".contradiction-", false);
}

void bench_done(struct bench *bench)
{
    bench_close(bench);
    each_file(bench, "", true);
    assert_int_equal(rmdir(bench->folder), 0);
    cty_secret_free_pointer(&bench->log);
    cty_secret_free_pointer(&bench->other_log);
    cty_secret_free_pointer(&bench->witness_key);
}

/* --- notes and bodies -------------------------------------------------------------------------------------- */

static void text_put(const char *origin, uint64_t size, const struct cty_hash *root, const char *extension, struct cty_buf *out)
{
    char line[64];
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL("a"), .size = size > 0 ? size : 1, .root = *root};
    struct cty_buf text = CTY_BUF_INIT(1024);
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    const uint8_t *last = memchr(text.data + 2, '\n', text.size - 2);
    snprintf(line, sizeof(line), "%llu", (unsigned long long)size);
    assert_ok(cty_buf_putf(out, "%s\n%s", origin, line));
    assert_ok(cty_buf_put(out, last, text.size - (size_t)(last - text.data)));
    if (extension)
        assert_ok(cty_buf_put_text(out, extension));
    cty_buf_done(&text);
}

void foreign_note_put(const struct cty_secret *secret, const char *origin, uint64_t size, const struct cty_hash *root,
                      struct cty_buf *out)
{
    struct cty_buf text = CTY_BUF_INIT(2048);
    text_put(origin, size, root, NULL, &text);
    assert_ok(cty_note_sign(cty_buf_bytes(&text), cty_secret_name(secret), secret, out));
    cty_buf_done(&text);
}

void note_put(const struct bench *bench, const struct history *history, uint64_t size, const char *extension,
              struct cty_buf *out)
{
    struct cty_buf text = CTY_BUF_INIT(2048);
    struct cty_hash root = history_root(history, size);
    text_put(ORIGIN, size, &root, extension, &text);
    assert_ok(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL(ORIGIN), bench->log, out));
    cty_buf_done(&text);
}

void body_put(const struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size,
              struct cty_buf *out)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_add_checkpoint add = {.old_size = old_size, .proof = {.count = 0}};
    struct cty_tree_reader reader = history_reader(history);
    note_put(bench, history, size, NULL, &note);
    add.note = cty_buf_bytes(&note);
    if (old_size > 0 && old_size < size)
        assert_ok(cty_tree_consistency(&reader, old_size, size, &add.proof));
    assert_ok(cty_add_checkpoint_format(&add, out));
    cty_buf_done(&note);
}

unsigned submit_bytes(struct bench *bench, struct cty_bytes body, struct cty_witness_answer *answer)
{
    struct cty_witness_answer own = {.status = 0};
    cty_witness_add_checkpoint(bench->witness, body, answer ? answer : &own);
    unsigned status = answer ? answer->status : own.status;
    cty_witness_answer_done(&own);
    return status;
}

static void submit_into(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size,
                        struct cty_witness_answer *answer)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    body_put(bench, history, old_size, size, &body);
    submit_bytes(bench, cty_buf_bytes(&body), answer);
    cty_buf_done(&body);
}

unsigned submit(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size)
{
    struct cty_witness_answer answer = {.status = 0};
    submit_into(bench, history, old_size, size, &answer);
    cty_witness_answer_done(&answer);
    return answer.status;
}

uint64_t submit_good(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size)
{
    struct cty_witness_answer answer = {.status = 0};
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note submitted, cosigned;
    uint64_t time_s = 0;
    submit_into(bench, history, old_size, size, &answer);
    assert_int_equal(answer.status, 200);
    note_put(bench, history, size, NULL, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &submitted));
    assert_ok(cty_cosignatures_parse(cty_buf_bytes(&answer.body), submitted.text, &cosigned));
    assert_int_equal(cosigned.count, 1);
    assert_ok(cty_note_cosignature_verify(&cosigned, CTY_LITERAL(WITNESS), cty_secret_key(bench->witness_key), &time_s));
    cty_buf_done(&note);
    cty_witness_answer_done(&answer);
    return time_s;
}

uint64_t submit_conflict(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size)
{
    struct cty_witness_answer answer = {.status = 0};
    uint64_t has = 0;
    submit_into(bench, history, old_size, size, &answer);
    assert_int_equal(answer.status, 409);
    assert_true(answer.is_size);
    assert_ok(cty_witness_size_parse(cty_buf_bytes(&answer.body), &has));
    cty_witness_answer_done(&answer);
    return has;
}

/* --- what is stored ---------------------------------------------------------------------------------------- */

struct bench_stop bench_stopped(struct bench *bench)
{
    struct cty_witness_log log = {.removed = false};
    struct bench_stop stop = {.why = ""};
    assert_ok(cty_witness_get_log(bench->witness, CTY_LITERAL(ORIGIN), &log, NULL));
    snprintf(stop.why, sizeof(stop.why), "%.*s", (int)log.stopped.size, (const char *)log.stopped.data);
    snprintf(stop.file, sizeof(stop.file), "%.*s", (int)log.file.size, (const char *)log.file.data);
    cty_witness_log_done(&log);
    return stop;
}

void bench_clear(struct bench *bench)
{
    struct cty_witness_store *store = NULL;
    assert_ok(cty_witness_store_open(bench->state, false, &store, NULL));
    assert_ok(cty_witness_clear(store, bench->state, CTY_LITERAL(ORIGIN), NULL));
    cty_witness_store_close(store);
}

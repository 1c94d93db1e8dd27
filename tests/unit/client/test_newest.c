/* SPDX-License-Identifier: Apache-2.0 */
/* The newest checkpoint: what takes its place, and what convicts the custodian. */
#include <sys/stat.h>
#include <unistd.h>

#include "client/contradiction.h"
#include "client/state.h"
#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY "{\"admin_quorum\":2,\"rules\":[]}"

static int setup(void **state)
{
    *state = fake_new(POLICY);
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void grow(struct fake *f, const char *action)
{
    struct cty_hash case_id;
    assert_ok(world_request(f->w, "acme/bot", "acme/bot", action, "{}", &case_id));
    fake_follow(f);
}

static uint64_t newest(struct cty_client *client)
{
    struct cty_checkpoint checkpoint;
    assert_ok(cty_client_checkpoint(client, true, &checkpoint, NULL, NULL));
    return checkpoint.size;
}

static void assert_not_believed(struct cty_client *client, const char *code)
{
    struct cty_checkpoint checkpoint;
    assert_refused(cty_client_checkpoint(client, true, &checkpoint, NULL, NULL), code);
}

/* The same first entries, and then others. */
static struct world *forked(unsigned requests)
{
    struct world *w = fake_world(POLICY);
    struct cty_hash case_id;
    for (unsigned i = 0; i < requests; i++)
        assert_ok(world_request(w, "acme/bot", "acme/bot", "fork", "{}", &case_id));
    return w;
}

static void a_longer_ledger_is_proven_and_kept(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, NULL, "state");
    uint64_t before = newest(client);
    grow(f, "a");
    assert_int_equal(newest(client), before + 2);
    assert_int_equal(newest(client), before + 2);
    assert_int_equal(f->calls[CTY_RPC_PROOF_CONSISTENCY], 1);
    cty_client_close(client);
    /* Another process begins with what this one kept. */
    client = fake_client(f, NULL, NULL, "state");
    struct cty_checkpoint checkpoint;
    assert_ok(cty_client_checkpoint(client, false, &checkpoint, NULL, NULL));
    assert_int_equal(checkpoint.size, before + 2);
    assert_int_equal(f->calls[CTY_RPC_CHECKPOINT], 3);
    cty_client_close(client);
}

static void an_older_view_is_no_contradiction(void **state)
{
    struct fake *f = *state;
    struct cty_buf old = CTY_BUF_INIT(4096);
    struct cty_client *client = fake_client(f, NULL, NULL, NULL);
    struct cty_checkpoint checkpoint;
    fake_note(f, &old);
    uint64_t before = f->count;
    grow(f, "a");
    assert_int_equal(newest(client), before + 2);
    assert_ok(cty_client_advance(client, cty_buf_bytes(&old), &checkpoint, NULL));
    assert_int_equal(checkpoint.size, before);
    assert_ok(cty_client_checkpoint(client, false, &checkpoint, NULL, NULL));
    assert_int_equal(checkpoint.size, before + 2);
    cty_buf_done(&old);
    cty_client_close(client);
}

/* A file beside the state file, which anybody with the trust file reads as this kind, with this note as what was known. */
static void assert_kept(struct fake *f, struct cty_client *client, const char *kind, const struct cty_buf *before)
{
    struct cty_buf text = CTY_BUF_INIT(1 << 20);
    struct cty_contradiction c;
    struct cty_contradiction_report report;
    struct stat status;
    const char *path = cty_client_contradiction(client);
    assert_non_null(path);
    assert_non_null(strstr(path, "/custody.example_test.contradiction-"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_ok(cty_state_read(path, &text, NULL));
    assert_ok(cty_contradiction_verify(cty_buf_bytes(&text), fake_trust(f), &report, NULL));
    assert_string_equal(cty_contradiction_kind_name(report.kind), kind);
    assert_ok(cty_contradiction_parse(cty_buf_bytes(&text), &c, NULL));
    assert_true(cty_bytes_equal(c.notes[0], cty_buf_bytes(before)));
    cty_contradiction_done(&c);
    cty_buf_done(&text);
    unlink(path);
}

static void a_shorter_ledger_went_back(void **state)
{
    struct fake *f = *state;
    struct cty_buf kept = CTY_BUF_INIT(4096);
    struct cty_client *client = fake_client(f, NULL, NULL, "state");
    grow(f, "a");
    fake_note(f, &kept);
    newest(client);
    fake_switch(f, fake_world(POLICY)); /* restored from a backup */
    assert_not_believed(client, "went-back");
    assert_kept(f, client, "went-back", &kept);
    /* Not this client again, whatever comes; and no other that has the state file. */
    fake_switch(f, forked(1));
    assert_not_believed(client, "went-back");
    cty_client_close(client);
    fake_switch(f, fake_world(POLICY));
    client = fake_client(f, NULL, NULL, "state");
    assert_not_believed(client, "went-back");
    unlink(cty_client_contradiction(client));
    cty_client_close(client);
    cty_buf_done(&kept);
}

static void two_roots_of_one_size_are_a_split_view(void **state)
{
    struct fake *f = *state;
    struct cty_buf kept = CTY_BUF_INIT(4096);
    struct cty_client *client = fake_client(f, NULL, NULL, "state");
    grow(f, "a");
    fake_note(f, &kept);
    newest(client);
    fake_switch(f, forked(1));
    assert_not_believed(client, "split-view");
    assert_kept(f, client, "two-roots", &kept);
    cty_client_close(client);
    cty_buf_done(&kept);
}

static void a_fork_that_is_longer_is_a_split_view(void **state)
{
    struct fake *f = *state;
    struct cty_buf kept = CTY_BUF_INIT(4096);
    struct cty_client *client = fake_client(f, NULL, NULL, "state");
    grow(f, "a");
    fake_note(f, &kept);
    newest(client);
    fake_switch(f, forked(3));
    assert_not_believed(client, "split-view");
    assert_kept(f, client, "fork", &kept);
    cty_client_close(client);
    /* What the file holds is still the first one. */
    client = fake_client(f, NULL, NULL, "state");
    assert_not_believed(client, "split-view");
    unlink(cty_client_contradiction(client));
    cty_client_close(client);
    cty_buf_done(&kept);
}

/* A fork that is shorter than what we know, of a custodian that still shows the longer one to our question. */
static void a_fork_that_is_shorter_is_a_split_view(void **state)
{
    struct fake *f = *state;
    struct cty_buf fork = CTY_BUF_INIT(4096), kept = CTY_BUF_INIT(4096);
    struct cty_client *client = fake_client(f, NULL, NULL, "state");
    struct world *other = forked(1);
    world_checkpoint(other, &fork);
    grow(f, "a");
    grow(f, "b");
    newest(client);
    fake_note(f, &kept);
    assert_refused(cty_client_advance(client, cty_buf_bytes(&fork), NULL, NULL), "split-view");
    assert_kept(f, client, "fork", &kept);
    world_free(other);
    cty_client_close(client);
    cty_buf_done(&fork);
    cty_buf_done(&kept);
}

static void without_a_state_file_it_is_told_all_the_same(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, NULL, NULL);
    grow(f, "a");
    newest(client);
    fake_switch(f, forked(3));
    assert_not_believed(client, "split-view");
    assert_null(cty_client_contradiction(client));
    cty_client_close(client);
}

static void withhold(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_PROOF_CONSISTENCY)
        result->proof_consistency.hashes_count = 0;
}

static void an_empty_proof_is_a_split_view(void **state)
{
    struct fake *f = *state;
    struct cty_buf kept = CTY_BUF_INIT(4096);
    struct cty_client *client = fake_client(f, NULL, NULL, "state");
    newest(client);
    fake_note(f, &kept);
    grow(f, "a");
    f->tamper = withhold;
    assert_not_believed(client, "split-view");
    assert_kept(f, client, "no-proof", &kept);
    cty_client_close(client);
    cty_buf_done(&kept);
}

/* The same one again is the same file; and a folder is not filled with them. */
static void a_contradiction_is_kept_once(void **state)
{
    struct fake *f = *state;
    char path[160];
    char *first = NULL, *again = NULL, *other[CTY_CONTRADICTIONS_KEPT_MAX] = {NULL};
    struct cty_buf old = CTY_BUF_INIT(4096);
    struct cty_contradiction c = {.kind = CTY_CONTRADICTION_WENT_BACK};
    const struct cty_trust *trust = fake_trust(f);
    fake_path(f, "state", path, sizeof(path));
    fake_note(f, &old);
    for (unsigned i = 0; i <= CTY_CONTRADICTIONS_KEPT_MAX; i++) {
        struct cty_buf now = CTY_BUF_INIT(4096);
        grow(f, "a");
        fake_note(f, &now);
        c.notes[0] = cty_buf_bytes(&now);
        c.notes[1] = cty_buf_bytes(&old);
        custody_err err = cty_contradiction_keep(path, trust, &c, i ? &other[i - 1] : &first, NULL);
        assert_int_equal(err, i < CTY_CONTRADICTIONS_KEPT_MAX ? CUSTODY_OK : CUSTODY_E_LIMIT_REACHED);
        if (i == 0) {
            assert_ok(cty_contradiction_keep(path, trust, &c, &again, NULL));
            assert_string_equal(first, again);
        }
        cty_buf_done(&now);
    }
    unlink(first);
    for (unsigned i = 0; i < CTY_CONTRADICTIONS_KEPT_MAX; i++) {
        if (other[i])
            unlink(other[i]);
        free(other[i]);
    }
    free(first);
    free(again);
    cty_buf_done(&old);
}

static void note_of(const struct cty_secret *log, uint8_t root, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = cty_secret_name(log), .size = 700};
    struct cty_buf text = CTY_BUF_INIT(4096);
    memset(checkpoint.root.bytes, root, sizeof(checkpoint.root.bytes));
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, log, out));
    cty_buf_done(&text);
}

/* Once the log key was rotated, the file names the key that signed, and convicts for whoever pins that one. */
static void a_contradiction_by_a_later_log_key(void **state)
{
    struct fake *f = *state;
    char path[160], *kept = NULL, *found = NULL;
    struct cty_buf notes[2] = {CTY_BUF_INIT(4096), CTY_BUF_INIT(4096)}, text = CTY_BUF_INIT(1 << 20);
    struct cty_contradiction c = {.kind = CTY_CONTRADICTION_TWO_ROOTS};
    struct cty_contradiction_report report;
    struct cty_secret *later = NULL;
    struct cty_trust known = *fake_trust(f), pinned = known;
    custody_err code = CUSTODY_OK;
    assert_ok(cty_secret_from_seed(known.origin, cty_sha256(CTY_LITERAL("later")).bytes, &later));
    assert_ok(cty_log_keys_add(&known.log_keys, 600, cty_secret_key(later)));
    for (uint8_t i = 0; i < 2; i++) {
        note_of(later, i, &notes[i]);
        c.notes[i] = cty_buf_bytes(&notes[i]);
    }
    fake_path(f, "state", path, sizeof(path));
    assert_refused(cty_contradiction_keep(path, &pinned, &c, &kept, NULL), "note-unsigned");
    assert_ok(cty_contradiction_keep(path, &known, &c, &kept, NULL));
    assert_ok(cty_state_read(kept, &text, NULL));
    assert_refused(cty_contradiction_verify(cty_buf_bytes(&text), &pinned, &report, NULL), "key-unknown");
    assert_ok(cty_contradiction_find(path, &pinned, &found, &code, NULL));
    assert_null(found);
    assert_ok(cty_contradiction_find(path, &known, &found, &code, NULL));
    assert_string_equal(found, kept);
    pinned.log_key = *cty_secret_key(later);
    cty_log_keys_begin(&pinned.log_keys, &pinned.log_key);
    assert_ok(cty_contradiction_verify(cty_buf_bytes(&text), &pinned, &report, NULL));
    assert_int_equal(report.kind, CTY_CONTRADICTION_TWO_ROOTS);
    unlink(kept);
    free(kept);
    free(found);
    cty_secret_free(later);
    for (size_t i = 0; i < 2; i++)
        cty_buf_done(&notes[i]);
    cty_buf_done(&text);
}

/* Checkpoints by a key that nobody knows, and a trust chain of no entries that goes on for ever. */
static void never_ends(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_CHECKPOINT) {
        struct cty_secret *unknown = NULL;
        struct cty_buf *note = fake_scrap_buf(f, 4096);
        assert_ok(cty_secret_from_seed(fake_trust(f)->origin, cty_sha256(CTY_LITERAL("unknown")).bytes, &unknown));
        note_of(unknown, 0, note);
        result->checkpoint.checkpoint = cty_buf_bytes(note);
        cty_secret_free(unknown);
    } else if (rpc == CTY_RPC_TRUST_ENTRIES) {
        result->trust_entries.entries = CTY_LITERAL("[\"junk\",\"junk\"]");
        result->trust_entries.next = 1000 * (f->calls[CTY_RPC_TRUST_ENTRIES] + 1);
    }
}

static void a_trust_chain_of_something_else_ends_at_once(void **state)
{
    struct fake *f = *state;
    struct cty_checkpoint checkpoint;
    custody_error error = {0};
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    f->tamper = never_ends;
    assert_refused(cty_client_checkpoint(client, false, &checkpoint, NULL, &error), "note-unsigned");
    assert_int_equal(f->calls[CTY_RPC_TRUST_ENTRIES], 1);
    f->tamper = NULL;
    assert_ok(cty_client_checkpoint(client, false, &checkpoint, NULL, &error));
    cty_client_close(client);
}

static void two_processes_share_a_state_file(void **state)
{
    struct fake *f = *state;
    struct cty_client *one = fake_client(f, NULL, NULL, "state");
    struct cty_client *two = fake_client(f, NULL, NULL, "state");
    uint64_t first = newest(one);
    assert_int_equal(newest(two), first);
    grow(f, "a");
    assert_int_equal(newest(two), first + 2);
    grow(f, "b");
    assert_int_equal(newest(one), first + 4);
    /* The one that is behind does not put the file back. */
    assert_int_equal(newest(two), first + 4);
    cty_client_close(one);
    cty_client_close(two);
    one = fake_client(f, NULL, NULL, "state");
    struct cty_checkpoint checkpoint;
    assert_ok(cty_client_checkpoint(one, false, &checkpoint, NULL, NULL));
    assert_int_equal(checkpoint.size, first + 4);
    cty_client_close(one);
}

static void two_views_shown_to_two_processes_are_found(void **state)
{
    struct fake *f = *state;
    struct cty_client *one = fake_client(f, NULL, NULL, "state");
    struct cty_client *two = fake_client(f, NULL, NULL, "state");
    grow(f, "a");
    newest(one);
    fake_switch(f, forked(3));
    assert_not_believed(two, "split-view");
    unlink(cty_client_contradiction(two));
    cty_client_close(one);
    cty_client_close(two);
}

static void another_logs_note_is_refused(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, NULL, NULL);
    struct cty_secret *stranger = NULL;
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(4096);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = 1};
    assert_ok(cty_secret_new(CTY_LITERAL(WORLD_ORIGIN), &stranger));
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, stranger, &note));
    assert_refused(cty_client_advance(client, cty_buf_bytes(&note), NULL, NULL), "note-unsigned");
    assert_refused(cty_client_advance(client, CTY_LITERAL("no note"), NULL, NULL), "bad-note");
    cty_secret_free(stranger);
    cty_buf_done(&text);
    cty_buf_done(&note);
    cty_client_close(client);
}

static void a_state_file_of_another_ledger_is_refused(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = NULL;
    char path[160];
    bool replaced;
    custody_error error = {0};
    fake_path(f, "state", path, sizeof(path));
    assert_ok(cty_state_replace(path, CTY_LITERAL(""), CTY_LITERAL("rubbish"), &replaced, NULL));
    const struct cty_client_config config = {.url = f->url, .trust = fake_trust(f), .state_path = path};
    assert_refused(cty_client_open(&config, &client, &error), "bad-note");
    assert_non_null(strstr(error.detail, "state file"));
}

static void a_state_file_that_can_not_be_written_is_told(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, NULL, "none/state");
    assert_not_believed(client, "io");
    /* And again: it is not taken as kept. */
    assert_not_believed(client, "io");
    cty_client_close(client);
}

static void without_pins_nothing_is_believed(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = NULL;
    struct cty_answer answer = {.result.info.size = 0};
    const struct cty_client_config config = {.url = f->url};
    assert_ok(cty_client_open(&config, &client, NULL));
    assert_ok(cty_client_call(client, CTY_RPC_INFO, NULL, &answer, NULL));
    assert_int_equal(answer.result.info.size, f->count);
    assert_not_believed(client, "bad-trust");
    cty_answer_done(&answer);
    cty_client_close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_longer_ledger_is_proven_and_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_view_is_no_contradiction, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shorter_ledger_went_back, setup, teardown),
        cmocka_unit_test_setup_teardown(two_roots_of_one_size_are_a_split_view, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fork_that_is_longer_is_a_split_view, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fork_that_is_shorter_is_a_split_view, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_state_file_it_is_told_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_proof_is_a_split_view, setup, teardown),
        cmocka_unit_test_setup_teardown(a_contradiction_is_kept_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_contradiction_by_a_later_log_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_trust_chain_of_something_else_ends_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(two_processes_share_a_state_file, setup, teardown),
        cmocka_unit_test_setup_teardown(two_views_shown_to_two_processes_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(another_logs_note_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_file_of_another_ledger_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_file_that_can_not_be_written_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_pins_nothing_is_believed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `custody tiles export` as people run it: killed at any moment while it follows a ledger that grows, and each time what it
 * published is whole; entries of members; a ledger that went back, or shows two faces.
 */
#include "unit/support.h"

#include <glob.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/tiles.h"
#include "drafts.h"
#include "tool.h"

#define KILLS 12

static struct house *h;
static struct cty_client *agent;
static char folder[96], key_path[160], trust_path[128];

static int set_up(void **state)
{
    (void)state;
    h = house_new(NULL);
    house_party(h, "acme");
    house_agent(h, "acme/agent");
    agent = house_client(h, "acme/agent");
    snprintf(folder, sizeof(folder), "%s/tiles", h->folder);
    snprintf(key_path, sizeof(key_path), "%s/acme-agent.key", h->folder);
    snprintf(trust_path, sizeof(trust_path), "%s/trust.json", h->folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cty_client_close(agent);
    house_well(h);
    house_free(h);
    return 0;
}

static void ask(unsigned count)
{
    struct cty_hash case_id;
    for (unsigned i = 0; i < count; i++)
        draft_ask(agent, "never", &case_id);
}

static void child_named(struct child *child, const char *name)
{
    *child = (struct child){.pid = 0};
    snprintf(child->log, sizeof(child->log), "%s/%s.log", h->folder, name);
    (void)unlink(child->log);
}

static void start_follower(struct child *child)
{
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "tiles", "export", folder, "--follow",
                                "--publish-entries", "--url", h->url, "--trust", trust_path, "--key", key_path, "--state", "-", NULL};
    child_named(child, "follower");
    must_be(child_start(child, argv));
}

/* The exit status of one export; what it said is in child->log. */
static int export_once(struct child *child, const char *from, const char *where, const char *more)
{
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "tiles", "export", folder, from, where,
                                "--trust", trust_path, "--key", key_path, "--state", "-", more, NULL};
    child_named(child, "export");
    return child_run(child, argv, HOUSE_PATIENCE_MS);
}

/* ---- whoever reads the folder ---- */

static void read_entries(struct cty_tiles *tiles, uint64_t size)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    custody_error error = {0};
    for (uint64_t n = 0; n < cty_tile_count(size, 0); n++) {
        struct cty_bytes texts[CTY_TILE_WIDTH];
        unsigned count = 0;
        if (cty_tiles_entries(tiles, n, &bundle, texts, &count, &error) != CUSTODY_OK)
            fail_msg("%s: %s", custody_err_name(error.code), error.detail);
    }
}

/* Verifies the checkpoint, and every entry by it. Its size; 0 where nothing is published. */
static uint64_t read_folder(bool entries)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_tile_files files = {0};
    struct cty_checkpoint checkpoint;
    struct cty_tiles *tiles = NULL;
    custody_error error = {0};
    custody_err err = cty_tile_folder_open(folder, &files, &error);
    if (err == CUSTODY_OK)
        err = cty_tile_files_checkpoint(&files, &note, &error);
    if (err == CUSTODY_E_NOT_FOUND) {
        cty_tile_files_done(&files);
        return 0;
    }
    assert_ok(err);
    assert_ok(cty_checkpoint_open(cty_buf_bytes(&note), h->trust.origin, &h->trust.log_key, &checkpoint));
    assert_ok(cty_tiles_new(&files, &tiles));
    if (cty_tiles_trust(tiles, checkpoint.size, &checkpoint.root, &error) != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(error.code), error.detail);
    if (entries)
        read_entries(tiles, checkpoint.size);
    cty_tiles_free(tiles);
    cty_tile_files_done(&files);
    return checkpoint.size;
}

static uint64_t size_now(void)
{
    struct cty_checkpoint checkpoint;
    must(cty_client_checkpoint(agent, true, &checkpoint, NULL, &house_error));
    return checkpoint.size;
}

/* ---- the tests ---- */

static void entries_of_members_are_not_published_unasked(void **state)
{
    (void)state;
    struct child child;
    struct stat status;
    assert_int_equal(export_once(&child, "--url", h->url, NULL), 4);
    assert_true(child_said(&child, "are for its members"));
    assert_true(child_said(&child, "--publish-entries"));
    assert_int_equal(export_once(&child, "--db", h->database, NULL), 4);
    assert_int_equal(stat(folder, &status), -1);
    assert_int_equal(export_once(&child, "--db", h->database, "--no-entries"), 0);
    char path[160];
    snprintf(path, sizeof(path), "%s/tile/entries", folder);
    assert_int_equal(stat(path, &status), -1);
    assert_int_equal(read_folder(false), size_now());
    assert_int_equal(export_once(&child, "--db", h->database, "--publish-entries"), 0);
    assert_int_equal(read_folder(true), size_now());
}

/* The moment is another one each time; what must hold is the same. */
static void killed_at_any_moment_what_is_published_is_whole(void **state)
{
    (void)state;
    struct child child;
    uint64_t before = read_folder(true);
    for (unsigned i = 0; i < KILLS; i++) {
        start_follower(&child);
        ask(25);
        pause_ms(1 + 37 * i % 200);
        int status = child_end(&child, SIGKILL, HOUSE_PATIENCE_MS);
        assert_true(WIFSIGNALED(status));
        uint64_t size = read_folder(true);
        assert_true(size >= before);
        before = size;
    }
    assert_int_equal(export_once(&child, "--url", h->url, "--publish-entries"), 0);
    assert_int_equal(read_folder(true), size_now());
    assert_true(size_now() > 512);
}

static void a_follower_follows_and_ends_well(void **state)
{
    (void)state;
    struct child child;
    start_follower(&child);
    for (unsigned i = 0; i < 3; i++) {
        char line[64];
        ask(1);
        snprintf(line, sizeof(line), "published %llu entries", (unsigned long long)size_now());
        must_be(child_says(&child, line, HOUSE_PATIENCE_MS));
        assert_int_equal(read_folder(true), size_now());
    }
    struct child second;
    assert_int_equal(export_once(&second, "--url", h->url, "--publish-entries"), 3);
    assert_true(child_said(&second, "another export writes"));
    assert_int_equal(child_end(&child, SIGTERM, HOUSE_PATIENCE_MS), 0);
}

/* How many contradictions lie in the folder; with `take_away` none do afterwards. */
static size_t contradictions(bool take_away)
{
    glob_t found;
    char pattern[160];
    snprintf(pattern, sizeof(pattern), "%s/*.contradiction-*.json", folder);
    int missing = glob(pattern, 0, NULL, &found);
    size_t count = missing == 0 ? found.gl_pathc : 0;
    for (size_t i = 0; take_away && i < count; i++)
        must_be(unlink(found.gl_pathv[i]) == 0);
    if (missing == 0)
        globfree(&found);
    return count;
}

static void a_ledger_that_went_back_is_not_published(void **state)
{
    (void)state;
    struct child child;
    char copy[128];
    snprintf(copy, sizeof(copy), "%s/older.db", h->folder);
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "backup", "--ledger", h->database,
                                "--to", copy, "--state", "-", NULL};
    child_named(&child, "backup");
    assert_int_equal(child_run(&child, argv, HOUSE_PATIENCE_MS), 0);
    ask(1);
    assert_int_equal(export_once(&child, "--db", h->database, "--publish-entries"), 0);
    uint64_t size = read_folder(true);
    assert_int_equal(export_once(&child, "--db", copy, "--publish-entries"), 1);
    assert_true(child_said(&child, "went-back"));
    assert_int_equal(contradictions(false), 1);
    assert_int_equal(read_folder(true), size);
    /* Until a person has looked, not even what is right. */
    assert_int_equal(export_once(&child, "--db", h->database, "--publish-entries"), 1);
    assert_int_equal(contradictions(true), 1);
    assert_int_equal(export_once(&child, "--db", h->database, "--publish-entries"), 0);
}

/* What the log key signed for somebody else: the same size, or a smaller one, over another tree. */
static void put_other_face(uint64_t size)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    const struct cty_checkpoint other = {.origin = h->trust.origin, .size = size, .root = cty_tree_leaf(CTY_LITERAL("another"))};
    char path[160];
    must(cty_checkpoint_format(&other, &text));
    must(cty_note_sign(cty_buf_bytes(&text), h->trust.origin, h->log, &note));
    snprintf(path, sizeof(path), "%s/checkpoint", folder);
    FILE *file = fopen(path, "w");
    must_be(file != NULL && fwrite(note.data, 1, note.size, file) == note.size && fclose(file) == 0);
}

static int convict(void)
{
    glob_t found;
    char pattern[160], *said = NULL;
    snprintf(pattern, sizeof(pattern), "%s/*.contradiction-*.json", folder);
    must_be(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1);
    const char *const words[] = {"convict", found.gl_pathv[0], NULL};
    int status = tool_run(h->folder, "CUSTODY_CUSTODY", "src/cli/custody", words, &said);
    free(said);
    globfree(&found);
    return status;
}

static void two_faces_are_kept_and_convict(void **state)
{
    (void)state;
    struct child child;
    const uint64_t now = size_now();
    const uint64_t sizes[] = {now, now - 1};
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        put_other_face(sizes[i]);
        assert_int_equal(export_once(&child, "--url", h->url, "--publish-entries"), 1);
        assert_true(child_said(&child, "split-view"));
        assert_int_equal(convict(), 0);
        assert_int_equal(contradictions(true), 1);
    }
    /* A person takes the false one away; the true one is published again. */
    char path[160];
    snprintf(path, sizeof(path), "%s/checkpoint", folder);
    must_be(unlink(path) == 0);
    assert_int_equal(export_once(&child, "--url", h->url, "--publish-entries"), 0);
    assert_int_equal(read_folder(true), now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_of_members_are_not_published_unasked),
        cmocka_unit_test(killed_at_any_moment_what_is_published_is_whole),
        cmocka_unit_test(a_follower_follows_and_ends_well),
        cmocka_unit_test(a_ledger_that_went_back_is_not_published),
        cmocka_unit_test(two_faces_are_kept_and_convict),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

#include "base/limits.h"

/* Without "all": so many positions one by one, then each step is longer by an eighth, but for so many at the end. */
#define DENSE 48
#define DENSE_END 8

static struct {
    bool all;
    uint64_t failed;
    uint64_t walked;
} sum;

static void begin(const struct nomem_walk *walk)
{
    if (!walk->shared)
        nomem_watch();
    if (walk->begin)
        walk->begin(walk->context);
}

static void end(const struct nomem_walk *walk)
{
    if (walk->end)
        walk->end(walk->context);
    if (walk->shared)
        return;
    if (nomem_left() != 0)
        fail_msg("%s: %zu allocations are still there, one of %zu bytes", walk->name, nomem_left(), nomem_left_size());
    nomem_unwatch();
}

static void look(const struct nomem_walk *walk, struct cty_buf *out)
{
    nomem_aside(true);
    cty_buf_clear(out);
    if (walk->look)
        walk->look(walk->context, out);
    nomem_aside(false);
}

static void must(const struct nomem_walk *walk, uint64_t nth, custody_err err)
{
    if (err != CUSTODY_OK)
        fail_msg("%s: %s, with nothing failing after allocation %llu had", walk->name, custody_err_name(err),
                 (unsigned long long)nth);
}

static int shown(size_t size)
{
    return size < 300 ? (int)size : 300;
}

static void compare(const struct nomem_walk *walk, uint64_t nth, const struct cty_buf *wanted)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf got = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    look(walk, &got);
    size_t at = 0;
    while (at < got.size && at < wanted->size && got.data[at] == wanted->data[at])
        at++;
    if (at < got.size || at < wanted->size)
        fail_msg("%s: another result after allocation %llu failed, from byte %zu:\n%.*s\ninstead of\n%.*s", walk->name,
                 (unsigned long long)nth, at, shown(got.size - at), (const char *)got.data + at, shown(wanted->size - at),
                 (const char *)wanted->data + at);
}

/* One try. Whether the allocation was reached. */
static bool fail_one(const struct nomem_walk *walk, enum nomem_mode mode, uint64_t nth, const struct cty_buf *wanted)
{
    begin(walk);
    nomem_arm(mode, nth);
    custody_err err = walk->run(walk->context);
    bool happened = nomem_disarm();
    if (err != CUSTODY_OK && (!happened || err != CUSTODY_E_NO_MEMORY))
        fail_msg("%s: %s where allocation %llu failed", walk->name, custody_err_name(err), (unsigned long long)nth);
    if (err == CUSTODY_OK)
        compare(walk, nth, wanted);
    if (err != CUSTODY_OK && !walk->fragile) {
        must(walk, nth, walk->run(walk->context));
        compare(walk, nth, wanted);
    }
    end(walk);
    sum.failed += happened ? 1 : 0;
    return happened;
}

/* The result where nothing fails, and how many allocations it takes. The first time round fills what is kept for good. */
static uint64_t try_it(const struct nomem_walk *walk, struct cty_buf *ret_wanted)
{
    if (walk->begin)
        walk->begin(walk->context);
    must(walk, 0, walk->run(walk->context));
    if (walk->end)
        walk->end(walk->context);
    begin(walk);
    nomem_arm(NOMEM_ONCE, 0);
    custody_err err = walk->run(walk->context);
    uint64_t count = nomem_count();
    (void)nomem_disarm();
    must(walk, 0, err);
    look(walk, ret_wanted);
    end(walk);
    return count;
}

/* What fails last fails behind everything that was done: these positions are not stepped over. */
static uint64_t next_of(uint64_t nth, uint64_t count)
{
    uint64_t end = count > DENSE_END ? count - DENSE_END : 0, next = nth + 1 + nth / 8;
    if (sum.all || nth < DENSE || nth >= end)
        return nth + 1;
    return next < end ? next : end;
}

void nomem_walk(const struct nomem_walk *walk)
{
    struct cty_buf wanted = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    uint64_t before = sum.failed, count = try_it(walk, &wanted);
    bool happened = true;
    assert_true(count > 0);
    for (uint64_t nth = 1, tries = 1; happened; tries++) {
        happened = fail_one(walk, sum.all || tries % 2 ? NOMEM_ONCE : NOMEM_FROM, nth, &wanted);
        if (sum.all)
            happened = fail_one(walk, NOMEM_FROM, nth, &wanted) || happened;
        nth = next_of(nth, count);
    }
    cty_buf_done(&wanted);
    assert_true(sum.failed > before);
    sum.walked++;
    print_message("# %s: %llu failed, of %llu allocations\n", walk->name, (unsigned long long)(sum.failed - before),
                  (unsigned long long)count);
}

static void walk_one(void **state)
{
    nomem_walk(*state);
}

/* A check that failed jumps out of the middle of a walk. */
static int settle(void **state)
{
    (void)state;
    (void)nomem_disarm();
    nomem_unwatch();
    nomem_aside(false);
    return 0;
}

int nomem_run(const char *title, const struct nomem_walk *walks, size_t count, const struct CMUnitTest *more,
              size_t more_count, int argc, char **argv)
{
    struct CMUnitTest *tests = calloc(count + more_count, sizeof(*tests));
    sum.all = argc > 1 && strcmp(argv[1], "all") == 0;
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){walks[i].name, walk_one, NULL, settle, (void *)(uintptr_t)&walks[i]};
    for (size_t i = 0; i < more_count; i++)
        tests[count + i] = more[i];
    int failed = _cmocka_run_group_tests(title, tests, count + more_count, NULL, NULL);
    print_message("# %s: %llu walked, %llu allocations failed\n", title, (unsigned long long)sum.walked,
                  (unsigned long long)sum.failed);
    free(tests);
    return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fifty agents and ten approvers at once, cases with patches and races for each release, and kill -9 of the custodian in
 * between: while it serves, and while it starts. Each time the ledger holds every receipt that was given so far, and the
 * next start repairs nothing. Afterwards the database is audited as a stranger would, and compared with what the
 * clients were told. The moments follow from --seed, as far as a machine lets them.
 */
#include "unit/support.h"

#include <signal.h>
#include <time.h>

#include "books.h"
#include "swarm.h"

struct options {
    unsigned cases;
    unsigned kills;
    unsigned seed;
    unsigned agents;
    unsigned approvers;
};
static struct options options = {.cases = 120, .kills = 2, .seed = 1, .agents = 50, .approvers = 10};

struct run {
    struct house *house;
    struct swarm swarm;
    struct books books;
    uint64_t consumes;
};
static struct run *the_run;

/* ---- the swarm, and what befalls its custodian ---- */

/* splitmix64: the same moments for the same seed. */
static unsigned random_below(unsigned bound)
{
    static uint64_t number;
    number = number ? number : options.seed;
    number += 0x9e3779b97f4a7c15u;
    uint64_t z = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((z ^ (z >> 31)) % bound);
}

/* After so many cases: one kill in each part of the whole. */
static void wait_finished(struct swarm *swarm, unsigned count)
{
    while (atomic_load(&swarm->finished) < count)
        pause_ms(2);
    pause_ms(random_below(40));
}

struct receipts {
    struct cty_store_reader *reader;
    struct cty_buf entry;
    size_t count;
};

static void find_receipt(void *context, const struct swarm_receipt *receipt)
{
    struct receipts *receipts = context;
    cty_buf_clear(&receipts->entry);
    must(cty_store_read_entry(receipts->reader, receipt->index, &receipts->entry, &house_error));
    struct cty_hash leaf = cty_tree_leaf(cty_buf_bytes(&receipts->entry));
    must_be(cty_hash_equal(&leaf, &receipt->leaf));
    receipts->count++;
}

/* Each receipt that was given so far has its entry, the very one. */
static size_t find_receipts(struct run *run)
{
    struct receipts receipts = {.entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX)};
    must(cty_store_reader_open(run->house->database, &receipts.reader, &house_error));
    must(cty_store_begin_read(receipts.reader, &house_error));
    swarm_each_receipt(&run->swarm, find_receipt, &receipts);
    cty_store_reader_close(receipts.reader);
    cty_buf_done(&receipts.entry);
    return receipts.count;
}

/* One start in four is killed too, at any moment of it. */
static unsigned start_again(struct run *run)
{
    unsigned killed = 0;
    for (; random_below(4) == 0; killed++) {
        const char *argv[24];
        house_arguments(run->house, NULL, argv);
        must_be(child_start(&run->house->custodyd, argv));
        pause_ms(random_below(12));
        child_end(&run->house->custodyd, SIGKILL, HOUSE_PATIENCE_MS);
    }
    house_start(run->house);
    return killed;
}

static void kill_in_between(struct run *run)
{
    size_t looked_at = 0;
    unsigned kills = 0, starts = 0;
    for (unsigned i = 0; kills < options.kills; i++) {
        unsigned from = i * options.cases / options.kills, to = (i + 1) * options.cases / options.kills;
        wait_finished(&run->swarm, from + random_below((to - from) * 3 / 4 + 1));
        house_kill(run->house);
        looked_at += find_receipts(run); /* before anything could be repaired */
        unsigned killed = start_again(run);
        looked_at += find_receipts(run);
        kills += 1 + killed;
        starts += killed;
    }
    printf("# seed %u: %u kills, %u of them while it started; %zu looks at receipts after them, each in its place\n",
           options.seed, kills, starts, looked_at);
}

static int set_up(void **state)
{
    struct run *run = calloc(1, sizeof(*run));
    uint64_t began = now_ms();
    const struct house_config config = {.connections = 512};
    run->house = house_new(&config);
    swarm_make(&run->swarm, run->house, options.agents, options.approvers, options.cases);
    printf("# enrolled after %.1f s\n", (double)(now_ms() - began) / 1000);
    began = now_ms();
    swarm_start(&run->swarm);
    kill_in_between(run);
    swarm_join(&run->swarm);
    printf("# %u cases in %.1f s\n", options.cases, (double)(now_ms() - began) / 1000);
    house_stop(run->house);
    books_open(&run->books, run->house);
    printf("# %llu entries audited in %.1f s\n", (unsigned long long)run->books.size, run->books.replay_s);
    *state = the_run = run;
    return 0;
}

static void finish(struct run *run, bool well)
{
    if (well)
        house_well(run->house);
    books_close(&run->books);
    swarm_done(&run->swarm);
    house_free(run->house);
    free(run);
}

/* ---- what is left ---- */

static void the_audit_finds_the_ledger_whole(void **state)
{
    struct run *run = *state;
    const char *fault = books_fault(&run->books);
    if (fault)
        fail_msg("%s", fault);
    assert_true(run->books.size > options.cases);
}

static size_t check_receipts(const struct books *books, const struct swarm_worker *worker)
{
    for (size_t i = 0; i < worker->receipts_count; i++) {
        const struct swarm_receipt *receipt = &worker->receipts[i];
        assert_true(receipt->index < books->size);
        assert_memory_equal(&receipt->leaf, &books->leaves[receipt->index], sizeof(receipt->leaf));
    }
    return worker->receipts_count;
}

static void every_receipt_is_in_it(void **state)
{
    struct run *run = *state;
    size_t count = 0;
    for (unsigned i = 0; i < options.agents; i++) {
        count += check_receipts(&run->books, &run->swarm.pairs[i].leader);
        count += check_receipts(&run->books, &run->swarm.pairs[i].twin);
    }
    for (unsigned i = 0; i < options.approvers; i++)
        count += check_receipts(&run->books, &run->swarm.approvers[i]);
    printf("# %zu receipts\n", count);
    assert_true(count > 3 * options.cases);
}

static void count_entry(void *context, const struct cty_parsed_entry *entry)
{
    struct run *run = context;
    run->consumes += entry->signed_statement.statement.type == CTY_CONSUME;
}

static void no_release_was_used_twice(void **state)
{
    struct run *run = *state;
    uint64_t acts = 0;
    for (unsigned i = 0; i < options.cases; i++) {
        unsigned of_case = atomic_load(&run->swarm.cases[i].acts);
        assert_in_range(of_case, 0, 1);
        acts += of_case;
    }
    books_each(&run->books, count_entry, run);
    assert_int_equal(run->consumes, acts);
    assert_true(acts > 0);
}

static enum cty_case_state expected_state(enum swarm_plan plan)
{
    switch (plan) {
    case PLAN_APPROVE:
    case PLAN_PATCH:
    case PLAN_ONE:
    case PLAN_FREE:
        return CTY_CASE_FULFILLED;
    case PLAN_REJECT:
        return CTY_CASE_REJECTED;
    case PLAN_CANCEL:
        return CTY_CASE_CANCELLED;
    case PLAN_COUNT:
        break;
    }
    return CTY_CASE_STATE_COUNT;
}

static void no_case_is_lost(void **state)
{
    struct run *run = *state;
    struct books_counts counts;
    for (unsigned i = 0; i < options.cases; i++) {
        struct cty_case record;
        const struct swarm_case *c = &run->swarm.cases[i];
        assert_true(c->requested);
        assert_true(books_case(&run->books, &c->id, &record));
        assert_string_equal(cty_case_state_names[record.state], cty_case_state_names[expected_state(c->plan)]);
        assert_int_equal(record.revision, c->plan == PLAN_PATCH ? 1 : 0);
        assert_int_equal(atomic_load(&c->acts), record.state == CTY_CASE_FULFILLED ? 1 : 0);
    }
    books_count(run->house, &counts);
    assert_int_equal(counts.cases, options.cases);
}

static unsigned number_of(const char *text)
{
    uint64_t number = 0;
    if (!text || cty_u64_parse(cty_bytes_text(text), 1000000, &number) != CUSTODY_OK || number == 0) {
        fprintf(stderr, "usage: test_swarm [--cases N] [--kills N] [--seed N] [--agents N] [--approvers N]\n");
        exit(4);
    }
    return (unsigned)number;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        unsigned number = number_of(i + 1 < argc ? argv[i + 1] : NULL);
        if (strcmp(argv[i], "--cases") == 0)
            options.cases = number;
        else if (strcmp(argv[i], "--kills") == 0)
            options.kills = number;
        else if (strcmp(argv[i], "--seed") == 0)
            options.seed = number;
        else if (strcmp(argv[i], "--agents") == 0)
            options.agents = number;
        else if (strcmp(argv[i], "--approvers") == 0)
            options.approvers = number;
        else
            number_of(NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_audit_finds_the_ledger_whole),
        cmocka_unit_test(every_receipt_is_in_it),
        cmocka_unit_test(no_release_was_used_twice),
        cmocka_unit_test(no_case_is_lost),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    if (the_run)
        finish(the_run, failed == 0);
    return failed;
}

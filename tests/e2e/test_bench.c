/* SPDX-License-Identifier: Apache-2.0 */
/* What tools/bench does with its figures: percentiles, the table as JSON and back, the comparison with another run. */
#include "unit/support.h"

#include "bench_table.h"
#include "bench_times.h"

/* ---- percentiles ---- */

static void percentiles_are_the_nearest_rank(void **state)
{
    (void)state;
    double few[] = {30, 10, 20, 40};
    double hundred[100];
    for (int i = 0; i < 100; i++)
        hundred[i] = 100 - i;
    assert_true(bench_percentile(few, 4, 50) == 20);
    assert_true(few[0] == 10 && few[3] == 40);
    assert_true(bench_percentile(few, 4, 51) == 30);
    assert_true(bench_percentile(few, 4, 99) == 40);
    assert_true(bench_percentile(few, 4, 0) == 10);
    assert_true(bench_percentile(hundred, 100, 99) == 99);
    assert_true(bench_percentile(hundred, 100, 100) == 100);
    assert_true(bench_percentile(hundred, 0, 50) == 0);
}

static void times_grow(void **state)
{
    (void)state;
    struct bench_times times = {0};
    for (int i = 0; i < 5000; i++)
        assert_true(bench_times_add(&times, 5000 - i));
    assert_int_equal(times.count, 5000);
    assert_true(bench_percentile(times.items, times.count, 1) == 50);
    bench_times_done(&times);
    assert_null(times.items);
}

/* ---- tables ---- */

/* Each cell another number, so that none can be taken for another. */
static struct bench_table *table_new(double verify)
{
    struct bench_table *table = calloc(1, sizeof(*table));
    assert_non_null(table);
    for (unsigned i = 0; i < BENCH_WORDS; i++)
        snprintf(table->words[i], BENCH_WORD_MAX, "word \"%u\"\\", i);
    for (unsigned i = 0; i < BENCH_FIGURES; i++)
        table->values[i] = 100 + i;
    table->levels[0].clients = 1;
    table->levels[1].clients = 1000;
    table->levels_count = 2;
    for (unsigned i = 0; i < BENCH_LEVEL_FIGURES; i++) {
        table->levels[0].values[i] = 1000 + i;
        table->levels[1].values[i] = 2000 + i;
    }
    table->values[BENCH_CORES] = 2;
    table->values[BENCH_VERIFY_PER_S_CORE] = verify;
    return table;
}

static char *text_of(const struct bench_table *table, void (*write)(const struct bench_table *table, FILE *file))
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    write(table, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

static struct bench_old *old_of(const struct bench_table *table)
{
    struct bench_old *old = calloc(1, sizeof(*old));
    custody_error error = {0};
    char *text = text_of(table, bench_write_json);
    assert_non_null(old);
    assert_ok(bench_old_parse(cty_bytes_text(text), old, &error));
    free(text);
    return old;
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct bench_table *table = table_new(14000.25);
    struct bench_old *old = old_of(table);
    struct bench_cell cell;
    size_t count = 0;
    for (; bench_cell_at(table, count, &cell); count++) {
        const double *value = bench_old_find(old, cell.name);
        assert_non_null(value);
        assert_true(*value == cell.value);
    }
    assert_int_equal(count, BENCH_FIGURES + 2 * BENCH_LEVEL_FIGURES);
    assert_int_equal(old->count, count);
    assert_non_null(bench_old_find(old, "submit_ms_p99_1000"));
    assert_null(bench_old_find(old, "submit_ms_p99_100"));
    assert_null(bench_old_find(old, "date"));
    free(old);
    free(table);
}

static void the_table_names_every_figure(void **state)
{
    (void)state;
    struct bench_table *table = table_new(14000);
    bench_note(table, "%s of it", "all");
    char *text = text_of(table, bench_print);
    for (unsigned i = 0; i < BENCH_FIGURES; i++)
        assert_non_null(strstr(text, bench_infos[i].name));
    assert_non_null(strstr(text, "all of it"));
    assert_non_null(strstr(text, "2 x word"));
    free(text);
    free(table);
}

static void notes_are_bounded(void **state)
{
    (void)state;
    struct bench_table *table = table_new(14000);
    for (unsigned i = 0; i < BENCH_NOTES_MAX + 3; i++)
        bench_note(table, "note %u", i);
    assert_int_equal(table->notes_count, BENCH_NOTES_MAX);
    assert_string_equal(table->notes[BENCH_NOTES_MAX - 1], "note 7");
    free(table);
}

/* ---- reading another run ---- */

static void assert_old_refused(const char *text, const char *code)
{
    struct bench_old *old = calloc(1, sizeof(*old));
    custody_error error = {0};
    assert_non_null(old);
    assert_refused(bench_old_parse(cty_bytes_text(text), old, &error), code);
    assert_true(error.detail[0] != 0);
    free(old);
}

static void what_no_run_wrote_is_refused(void **state)
{
    (void)state;
    char many[16384] = "{";
    assert_old_refused("", "bad-json");
    assert_old_refused("{\"cores\": 2", "bad-json");
    assert_old_refused("{\"cores\": 2,}", "bad-json");
    assert_old_refused("[1]", "bad-member");
    assert_old_refused("2", "bad-member");
    assert_old_refused("{\"cores\": true}", "bad-member");
    assert_old_refused("{\"cores\": []}", "bad-member");
    assert_old_refused("{\"cores\": {\"a\": 1}}", "too-deep");
    assert_old_refused("{\"cores\": 2, \"cores\": 3}", "duplicate-member");
    assert_old_refused("{\"a-name-that-is-longer-than-any-name-that-a-figure-has\": 1}", "too-large");
    for (unsigned i = 0; i <= BENCH_OLD_MAX; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "%s\"n%u\":1", i ? "," : "", i);
    snprintf(many + strlen(many), sizeof(many) - strlen(many), "}");
    assert_old_refused(many, "too-large");
}

static void every_cut_of_a_run_is_refused(void **state)
{
    (void)state;
    struct bench_table *table = table_new(14000);
    struct bench_old *old = calloc(1, sizeof(*old));
    custody_error error = {0};
    char *text = text_of(table, bench_write_json);
    size_t whole = strlen(text) - 1; /* the newline behind it may go */
    assert_non_null(old);
    for (size_t size = 0; size < whole; size++)
        assert_true(bench_old_parse(cty_bytes_make(text, size), old, &error) != CUSTODY_OK);
    assert_ok(bench_old_parse(cty_bytes_make(text, whole), old, &error));
    free(text);
    free(old);
    free(table);
}

/* ---- comparing ---- */

static enum bench_change change_of(enum bench_figure figure, double then, double now, bool same_machine,
                                   double *ret_ratio)
{
    struct bench_table *table = table_new(14000);
    table->values[figure] = then;
    struct bench_old *old = old_of(table);
    struct bench_cell cell;
    table->values[figure] = now;
    assert_true(bench_cell_at(table, figure, &cell));
    enum bench_change change = bench_compare_cell(&cell, old, same_machine, ret_ratio);
    free(old);
    free(table);
    return change;
}

static void more_is_better_or_worse(void **state)
{
    (void)state;
    double ratio = 0;
    assert_int_equal(change_of(BENCH_SUBMIT_RATIO, 0.2, 0.3, false, &ratio), BENCH_IMPROVED);
    assert_true(ratio > 1.49 && ratio < 1.51);
    assert_int_equal(change_of(BENCH_SUBMIT_RATIO, 0.3, 0.2, false, &ratio), BENCH_WORSENED);
    assert_int_equal(change_of(BENCH_SUBMIT_MS_P50, 2, 1, true, &ratio), BENCH_IMPROVED);
    assert_int_equal(change_of(BENCH_SUBMIT_MS_P50, 1, 2, true, &ratio), BENCH_WORSENED);
    assert_true(ratio > 1.99 && ratio < 2.01);
    assert_int_equal(change_of(BENCH_BYTES_PER_ENTRY, 2000, 1000, false, &ratio), BENCH_IMPROVED);
}

static void little_is_no_change(void **state)
{
    (void)state;
    double ratio = 0;
    assert_int_equal(change_of(BENCH_SUBMIT_RATIO, 0.300, 0.310, true, &ratio), BENCH_SAME);
    assert_int_equal(change_of(BENCH_SUBMIT_RATIO, 0.300, 0.290, true, &ratio), BENCH_SAME);
    assert_int_equal(change_of(BENCH_FSYNC_MS, 1, 3, true, &ratio), BENCH_SAME);
    assert_int_equal(change_of(BENCH_ENTRIES, 1000, 3000, true, &ratio), BENCH_SAME);
}

static void speeds_are_of_one_machine(void **state)
{
    (void)state;
    double ratio = 0;
    assert_int_equal(change_of(BENCH_SUBMIT_PER_S, 1000, 3000, true, &ratio), BENCH_IMPROVED);
    assert_int_equal(change_of(BENCH_SUBMIT_PER_S, 1000, 3000, false, &ratio), BENCH_FOREIGN);
    assert_true(ratio > 2.99 && ratio < 3.01);
    assert_int_equal(change_of(BENCH_SUBMIT_RATIO, 0.1, 0.3, false, &ratio), BENCH_IMPROVED);
}

static void what_was_not_there_is_unknown(void **state)
{
    (void)state;
    double ratio = 1;
    struct bench_old *old = calloc(1, sizeof(*old));
    struct bench_table *table = table_new(14000);
    struct bench_cell cell;
    assert_non_null(old);
    assert_true(bench_cell_at(table, 0, &cell));
    assert_int_equal(bench_compare_cell(&cell, old, true, &ratio), BENCH_UNKNOWN);
    assert_true(ratio == 0);
    assert_int_equal(change_of(BENCH_OTHERS_CORES, 0, 1, true, &ratio), BENCH_UNKNOWN);
    assert_true(ratio == 0);
    free(table);
    free(old);
}

static bool same_machine(double verify_then, double verify_now, double cores_now)
{
    struct bench_table *then = table_new(verify_then), *now = table_new(verify_now);
    struct bench_old *old = old_of(then);
    now->values[BENCH_CORES] = cores_now;
    bool same = bench_same_machine(now, old);
    free(old);
    free(now);
    free(then);
    return same;
}

static void machines_are_told_apart_by_their_verify_rate(void **state)
{
    (void)state;
    assert_true(same_machine(10000, 10000, 2));
    assert_true(same_machine(10000, 10999, 2));
    assert_true(same_machine(10999, 10000, 2));
    assert_false(same_machine(10000, 11001, 2));
    assert_false(same_machine(11001, 10000, 2));
    assert_false(same_machine(10000, 10000, 4));
}

static const struct bench_old *compared_with;

static void print_compared(const struct bench_table *table, FILE *file)
{
    bench_print_comparison(table, compared_with, file);
}

static void assert_compared(double verify_now, const char *said, const char *not_said)
{
    struct bench_table *then = table_new(10000), *now = table_new(verify_now);
    struct bench_old *old = old_of(then);
    compared_with = old;
    now->values[BENCH_SUBMIT_RATIO] *= 2;
    char *text = text_of(now, print_compared);
    assert_non_null(strstr(text, "better"));
    assert_null(strstr(text, "WORSE"));
    assert_non_null(strstr(text, said));
    assert_null(strstr(text, not_said));
    free(text);
    free(old);
    free(now);
    free(then);
}

static void the_comparison_says_what_it_is_worth(void **state)
{
    (void)state;
    assert_compared(10000, "speeds (/s, ms, us) can be too", "another machine");
    assert_compared(20000, "another machine", "can be too");
}

static void other_settings_are_told(void **state)
{
    (void)state;
    struct bench_table *table = table_new(10000);
    struct bench_old *old = old_of(table);
    compared_with = old;
    char *text = text_of(table, print_compared);
    assert_null(strstr(text, "differ in size"));
    assert_null(strstr(text, "`clients` differs"));
    free(text);
    table->values[BENCH_CLIENTS] = 7;
    table->values[BENCH_ENTRIES] *= 2;
    text = text_of(table, print_compared);
    assert_non_null(strstr(text, "`clients` differs"));
    assert_non_null(strstr(text, "differ in size"));
    free(text);
    free(old);
    free(table);
}

static void a_machine_that_others_use_is_told(void **state)
{
    (void)state;
    static const struct {
        double then, now;
        bool told;
    } rows[] = {{0, 0, false}, {0.09, 0.1, false}, {0.2, 0, true}, {0, 0.2, true}};
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct bench_table *table = table_new(10000);
        table->values[BENCH_OTHERS_CORES] = rows[i].then;
        struct bench_old *old = old_of(table);
        compared_with = old;
        table->values[BENCH_OTHERS_CORES] = rows[i].now;
        char *text = text_of(table, print_compared);
        assert_int_equal(strstr(text, "Other programs took") != NULL, rows[i].told);
        free(text);
        free(old);
        free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_the_nearest_rank),
        cmocka_unit_test(times_grow),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(the_table_names_every_figure),
        cmocka_unit_test(notes_are_bounded),
        cmocka_unit_test(what_no_run_wrote_is_refused),
        cmocka_unit_test(every_cut_of_a_run_is_refused),
        cmocka_unit_test(more_is_better_or_worse),
        cmocka_unit_test(little_is_no_change),
        cmocka_unit_test(speeds_are_of_one_machine),
        cmocka_unit_test(what_was_not_there_is_unknown),
        cmocka_unit_test(machines_are_told_apart_by_their_verify_rate),
        cmocka_unit_test(the_comparison_says_what_it_is_worth),
        cmocka_unit_test(other_settings_are_told),
        cmocka_unit_test(a_machine_that_others_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

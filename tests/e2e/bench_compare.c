/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of two runs, side by side. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "bench_table.h"
#include "codec/json.h"

/* ---- reading the other run ---- */

/* The number is the scanner's, so strtod takes it whole; there is room for every number that a run writes. */
static custody_err read_number(const struct cty_json_node *node, double *ret_value)
{
    char text[64];
    if (node->text.size >= sizeof(text))
        return CUSTODY_E_BAD_NUMBER;
    memcpy(text, node->text.data, node->text.size);
    text[node->text.size] = 0;
    *ret_value = strtod(text, NULL);
    return CUSTODY_OK;
}

static custody_err take_member(const struct cty_json_node *node, struct bench_old *old, custody_error *error)
{
    if (node->kind == CTY_JSON_STRING)
        return CUSTODY_OK;
    if (node->kind != CTY_JSON_NUMBER)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "%.*s is neither a number nor a text", (int)node->name.size,
                        (const char *)node->name.data);
    if (old->count == BENCH_OLD_MAX || node->name.size >= BENCH_NAME_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "more figures, or longer names, than a run has");
    memcpy(old->items[old->count].name, node->name.data, node->name.size);
    old->items[old->count].name[node->name.size] = 0;
    CTY_TRY(read_number(node, &old->items[old->count].value));
    old->count++;
    return CUSTODY_OK;
}

static custody_err take_members(const struct cty_json *json, struct bench_old *old, custody_error *error)
{
    const struct cty_json_node *whole = &json->nodes[0];
    if (whole->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "it is no object");
    const struct cty_json_node *node = cty_json_first(json, whole);
    for (; node; node = cty_json_after(json, whole, node))
        CTY_TRY(take_member(node, old, error));
    return CUSTODY_OK;
}

custody_err bench_old_parse(struct cty_bytes text, struct bench_old *ret_old, custody_error *error)
{
    const struct cty_json_limits limits = {.depth_max = 2, .nodes_max = 2 * BENCH_OLD_MAX};
    struct cty_json json = CTY_JSON_INIT;
    ret_old->count = 0;
    custody_err err = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, text, error);
    if (err == CUSTODY_OK)
        err = take_members(&json, ret_old, error);
    cty_json_done(&json);
    return err;
}

const double *bench_old_find(const struct bench_old *old, const char *name)
{
    for (size_t i = 0; i < old->count; i++) {
        if (strcmp(old->items[i].name, name) == 0)
            return &old->items[i].value;
    }
    return NULL;
}

/* ---- comparing ---- */

static bool is_within(double ratio, double noise)
{
    return ratio <= 1 + noise && ratio >= 1 / (1 + noise);
}

bool bench_same_machine(const struct bench_table *table, const struct bench_old *old)
{
    const double *verify = bench_old_find(old, bench_infos[BENCH_VERIFY_PER_S_CORE].name);
    const double *cores = bench_old_find(old, bench_infos[BENCH_CORES].name);
    if (!verify || *verify <= 0 || !cores)
        return false;
    return *cores == table->values[BENCH_CORES] &&
           is_within(table->values[BENCH_VERIFY_PER_S_CORE] / *verify, BENCH_MACHINE_NOISE);
}

enum bench_change bench_compare_cell(const struct bench_cell *cell, const struct bench_old *old, bool same_machine,
                                     double *ret_ratio)
{
    const double *before = bench_old_find(old, cell->name);
    *ret_ratio = before && *before > 0 ? cell->value / *before : 0;
    if (*ret_ratio <= 0)
        return BENCH_UNKNOWN;
    if (cell->info->kind == BENCH_SPEED && !same_machine)
        return BENCH_FOREIGN;
    if (cell->info->better == BENCH_NEITHER || is_within(*ret_ratio, BENCH_NOISE))
        return BENCH_SAME;
    return (*ret_ratio > 1) == (cell->info->better == BENCH_MORE) ? BENCH_IMPROVED : BENCH_WORSENED;
}

/* ---- printed ---- */

static const char *word_of(enum bench_change change)
{
    switch (change) {
    case BENCH_FOREIGN: return "  ~ another machine";
    case BENCH_IMPROVED: return "  better";
    case BENCH_WORSENED: return "  WORSE";
    case BENCH_UNKNOWN:
    case BENCH_SAME: break;
    }
    return "";
}

static void print_cell(const struct bench_cell *cell, const struct bench_old *old, bool same_machine, FILE *file)
{
    double ratio = 0;
    enum bench_change change = bench_compare_cell(cell, old, same_machine, &ratio);
    const double *before = bench_old_find(old, cell->name);
    if (!before)
        return;
    fprintf(file, "  %-25s %12.*f %12.*f %-4s ", cell->name, cell->info->digits, *before, cell->info->digits, cell->value,
            cell->info->unit);
    if (change == BENCH_UNKNOWN)
        fprintf(file, "%8s\n", "-");
    else
        fprintf(file, "%8.3f%s\n", ratio, word_of(change));
}

/* What was measured has to be alike, or the figures that follow from it are not. */
static void print_facts(const struct bench_table *table, const struct bench_old *old, FILE *file)
{
    static const enum bench_figure asked[] = {BENCH_CORES, BENCH_CLIENTS, BENCH_WAITERS};
    for (size_t i = 0; i < CTY_COUNT_OF(asked); i++) {
        const double *before = bench_old_find(old, bench_infos[asked[i]].name);
        if (before && *before != table->values[asked[i]])
            fprintf(file, "`%s` differs (%.0f, now %.0f), and so does what depends on it.\n", bench_infos[asked[i]].name,
                    *before, table->values[asked[i]]);
    }
    const double *entries = bench_old_find(old, bench_infos[BENCH_ENTRIES].name);
    if (entries && !is_within(table->values[BENCH_ENTRIES] / *entries, BENCH_MACHINE_NOISE))
        fprintf(file, "The ledgers differ in size (%.0f entries, now %.0f), and so do the growth figures in their span.\n",
                *entries, table->values[BENCH_ENTRIES]);
}

/* Others take time from what goes by the clock, and hardly from what goes by processor time. */
static void print_others(const struct bench_table *table, const struct bench_old *old, FILE *file)
{
    const double *before = bench_old_find(old, bench_infos[BENCH_OTHERS_CORES].name);
    double then = before ? *before : 0, now = table->values[BENCH_OTHERS_CORES];
    if (then > BENCH_QUIET_CORES || now > BENCH_QUIET_CORES)
        fprintf(file, "Other programs took %.2f cores then and %.2f now: only what goes by processor time says much.\n", then,
                now);
}

void bench_print_comparison(const struct bench_table *table, const struct bench_old *old, FILE *file)
{
    struct bench_cell cell;
    bool same = bench_same_machine(table, old);
    fprintf(file, "\ncompared\n  %-25s %12s %12s %-4s %8s\n", "", "then", "now", "", "now/then");
    for (size_t i = 0; bench_cell_at(table, i, &cell); i++)
        print_cell(&cell, old, same, file);
    fprintf(file, "\nRatios (unit x) and sizes can be compared whatever the machines. ");
    if (same)
        fprintf(file, "The machines verify alike, so speeds (/s, ms, us) can be too.\n");
    else
        fprintf(file, "Speeds (/s, ms, us) can't be: the cores or their verify rates differ by more than %.0f %%.\n",
                BENCH_MACHINE_NOISE * 100);
    fprintf(file, "Within %.0f %% nothing is called a change.\n", BENCH_NOISE * 100);
    print_others(table, old, file);
    print_facts(table, old, file);
}

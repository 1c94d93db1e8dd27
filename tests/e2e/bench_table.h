/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of one run: printed, written as JSON, read again and compared. Needs no house. */
#ifndef CTY_TESTS_E2E_BENCH_TABLE_H
#define CTY_TESTS_E2E_BENCH_TABLE_H

#include <stdio.h>

#include "base/bytes.h"

enum bench_figure {
#define BENCH_GROUP(title)
#define BENCH_LEVEL(NAME, name, digits, unit, kind, better, what)
#define BENCH_FIGURE(NAME, name, digits, unit, kind, better, what) BENCH_##NAME,
#include "bench_figures.def"
#undef BENCH_FIGURE
#undef BENCH_LEVEL
    BENCH_FIGURES
};

/* Figures of each number of clients. */
enum bench_level_figure {
#define BENCH_FIGURE(NAME, name, digits, unit, kind, better, what)
#define BENCH_LEVEL(NAME, name, digits, unit, kind, better, what) BENCH_LEVEL_##NAME,
#include "bench_figures.def"
#undef BENCH_LEVEL
#undef BENCH_FIGURE
#undef BENCH_GROUP
    BENCH_LEVEL_FIGURES
};

enum bench_kind { BENCH_RATIO, BENCH_SPEED, BENCH_SIZE, BENCH_FACT };
enum bench_better { BENCH_NEITHER, BENCH_MORE, BENCH_LESS };

struct bench_info {
    const char *name;
    int digits;
    const char *unit;
    enum bench_kind kind;
    enum bench_better better;
    const char *what;
};
extern const struct bench_info bench_infos[BENCH_FIGURES];
extern const struct bench_info bench_level_infos[BENCH_LEVEL_FIGURES];

enum bench_word {
    BENCH_DATE,
    BENCH_CPU,
    BENCH_KERNEL,
    BENCH_FILE_SYSTEM,
    BENCH_LIBSODIUM,
    BENCH_SQLITE,
    BENCH_NNG,
    BENCH_WORDS
};
#define BENCH_WORD_MAX 96u
extern const char *const bench_word_names[BENCH_WORDS];

#define BENCH_LEVELS_MAX 5u
#define BENCH_NAME_MAX 48u
#define BENCH_NOTES_MAX 8u

struct bench_level {
    unsigned clients;
    double values[BENCH_LEVEL_FIGURES];
};

/* Zero-initialise. */
struct bench_table {
    char words[BENCH_WORDS][BENCH_WORD_MAX];
    double values[BENCH_FIGURES];
    struct bench_level levels[BENCH_LEVELS_MAX]; /* by rising numbers of clients */
    size_t levels_count;
    char notes[BENCH_NOTES_MAX][160]; /* what a reader of the figures has to know besides */
    size_t notes_count;
};

static inline void bench_put(struct bench_table *table, enum bench_figure figure, double value)
{
    table->values[figure] = value;
}
/* A line of words; beyond BENCH_NOTES_MAX they are dropped. */
void bench_note(struct bench_table *table, const char *format, ...) CUSTODY_PRINTF(2, 3);

/* One number, under the name that it has in JSON. */
struct bench_cell {
    char name[BENCH_NAME_MAX];
    double value;
    const struct bench_info *info;
};
/* The cell of that number, in the order of the table; false behind the last. */
bool bench_cell_at(const struct bench_table *table, size_t number, struct bench_cell *ret_cell);

void bench_print(const struct bench_table *table, FILE *file);
void bench_write_json(const struct bench_table *table, FILE *file);

/* ---- bench_compare.c ---- */

#define BENCH_OLD_MAX 256u
#define BENCH_OLD_BYTES_MAX 65536u

/* The numbers of another run. */
struct bench_old {
    struct {
        char name[BENCH_NAME_MAX];
        double value;
    } items[BENCH_OLD_MAX];
    size_t count;
};
/* Errors: those of cty_json_scan; BAD_MEMBER for what is no object of numbers and texts; TOO_LARGE. */
CUSTODY_MUST_USE custody_err bench_old_parse(struct cty_bytes text, struct bench_old *ret_old, custody_error *error);
/* NULL: it has none of that name. Borrowed. */
const double *bench_old_find(const struct bench_old *old, const char *name);

enum bench_change {
    BENCH_UNKNOWN,   /* the other run has no such figure, or 0 */
    BENCH_FOREIGN,   /* a speed, and the machines differ */
    BENCH_SAME,      /* within BENCH_NOISE, or there is no better */
    BENCH_IMPROVED,
    BENCH_WORSENED
};
/* What is called a change. */
#define BENCH_NOISE 0.05
/* Where the verify rates differ by more than this, the runs are of two machines. */
#define BENCH_MACHINE_NOISE 0.10
/* Cores that others may take of a machine that is called quiet. */
#define BENCH_QUIET_CORES 0.1
bool bench_same_machine(const struct bench_table *table, const struct bench_old *old);
/* `*ret_ratio` is new / old; 0 where it is unknown. */
enum bench_change bench_compare_cell(const struct bench_cell *cell, const struct bench_old *old, bool same_machine,
                                     double *ret_ratio);
void bench_print_comparison(const struct bench_table *table, const struct bench_old *old, FILE *file);

#endif

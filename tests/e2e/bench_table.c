/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_table.h"

#include <stdarg.h>
#include <string.h>

#include "base/check.h"

#define BENCH_GROUP(title)
#define BENCH_LEVEL(NAME, name, digits, unit, kind, better, what)
#define BENCH_FIGURE(NAME, name, digits, unit, kind, better, what)                                                     \
    {name, digits, unit, BENCH_##kind, BENCH_##better, what},
const struct bench_info bench_infos[BENCH_FIGURES] = {
#include "bench_figures.def"
};
#undef BENCH_FIGURE
#undef BENCH_LEVEL
#define BENCH_FIGURE(NAME, name, digits, unit, kind, better, what)
#define BENCH_LEVEL(NAME, name, digits, unit, kind, better, what) {name, digits, unit, BENCH_##kind, BENCH_##better, what},
const struct bench_info bench_level_infos[BENCH_LEVEL_FIGURES] = {
#include "bench_figures.def"
};
#undef BENCH_LEVEL
#undef BENCH_FIGURE
#undef BENCH_GROUP

/* What stands in the table, from top to bottom. */
struct row {
    enum { GROUP, FIGURE, LEVEL } kind;
    const char *title;
    unsigned figure;
};
#define BENCH_GROUP(title) {GROUP, title, 0},
#define BENCH_FIGURE(NAME, name, digits, unit, kind, better, what) {FIGURE, NULL, BENCH_##NAME},
#define BENCH_LEVEL(NAME, name, digits, unit, kind, better, what) {LEVEL, NULL, BENCH_LEVEL_##NAME},
static const struct row rows[] = {
#include "bench_figures.def"
};
#undef BENCH_LEVEL
#undef BENCH_FIGURE
#undef BENCH_GROUP

const char *const bench_word_names[BENCH_WORDS] = {"date", "cpu", "kernel", "file_system", "libsodium", "sqlite", "nng"};

void bench_note(struct bench_table *table, const char *format, ...)
{
    va_list arguments;
    if (table->notes_count == BENCH_NOTES_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(table->notes[table->notes_count++], sizeof(table->notes[0]), format, arguments);
    va_end(arguments);
}

bool bench_cell_at(const struct bench_table *table, size_t number, struct bench_cell *ret_cell)
{
    if (number < BENCH_FIGURES) {
        ret_cell->info = &bench_infos[number];
        ret_cell->value = table->values[number];
        snprintf(ret_cell->name, sizeof(ret_cell->name), "%s", ret_cell->info->name);
        return true;
    }
    number -= BENCH_FIGURES;
    if (number >= table->levels_count * BENCH_LEVEL_FIGURES)
        return false;
    const struct bench_level *level = &table->levels[number / BENCH_LEVEL_FIGURES];
    ret_cell->info = &bench_level_infos[number % BENCH_LEVEL_FIGURES];
    ret_cell->value = level->values[number % BENCH_LEVEL_FIGURES];
    snprintf(ret_cell->name, sizeof(ret_cell->name), "%s_%u", ret_cell->info->name, level->clients);
    return true;
}

/* ---- printed ---- */

static void print_figure(const struct bench_table *table, unsigned figure, FILE *file)
{
    const struct bench_info *info = &bench_infos[figure];
    fprintf(file, "  %-25s %12.*f %-4s %s\n", info->name, info->digits, table->values[figure], info->unit, info->what);
}

static void print_clients(const struct bench_table *table, FILE *file)
{
    fprintf(file, "  %-25s", "  by clients");
    for (size_t i = 0; i < table->levels_count; i++)
        fprintf(file, " %9u", table->levels[i].clients);
    fputc('\n', file);
}

static void print_level(const struct bench_table *table, unsigned figure, FILE *file)
{
    const struct bench_info *info = &bench_level_infos[figure];
    if (figure == 0)
        print_clients(table, file);
    fprintf(file, "    %-23s", info->name);
    for (size_t i = 0; i < table->levels_count; i++)
        fprintf(file, " %9.*f", info->digits, table->levels[i].values[figure]);
    fprintf(file, " %-4s %s\n", info->unit, info->what);
}

void bench_print(const struct bench_table *table, FILE *file)
{
    const char(*words)[BENCH_WORD_MAX] = table->words;
    fprintf(file, "%s: %.0f x %s, %s, %s, fsync %.3f ms, libsodium %s, SQLite %s, nng %s\n", words[BENCH_DATE],
            table->values[BENCH_CORES], words[BENCH_CPU], words[BENCH_KERNEL], words[BENCH_FILE_SYSTEM],
            table->values[BENCH_FSYNC_MS], words[BENCH_LIBSODIUM], words[BENCH_SQLITE], words[BENCH_NNG]);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        if (rows[i].kind == GROUP)
            fprintf(file, "\n%s\n", rows[i].title);
        else if (rows[i].kind == FIGURE)
            print_figure(table, rows[i].figure, file);
        else
            print_level(table, rows[i].figure, file);
    }
    for (size_t i = 0; i < table->notes_count; i++)
        fprintf(file, "%s%s\n", i ? "" : "\n", table->notes[i]);
}

/* ---- as JSON ---- */

/* Words of the machine's: what JSON would escape is not among what anybody asks for. */
static void write_text(const char *text, FILE *file)
{
    fputc('"', file);
    for (; *text; text++)
        fputc(*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\' ? '?' : *text, file);
    fputc('"', file);
}

void bench_write_json(const struct bench_table *table, FILE *file)
{
    struct bench_cell cell;
    fputs("{\n", file);
    for (unsigned i = 0; i < BENCH_WORDS; i++) {
        fprintf(file, "  \"%s\": ", bench_word_names[i]);
        write_text(table->words[i], file);
        fputs(",\n", file);
    }
    for (size_t i = 0; bench_cell_at(table, i, &cell); i++) {
        int digits = cell.info->kind == BENCH_FACT ? cell.info->digits : cell.info->digits + 2;
        fprintf(file, "%s  \"%s\": %.*f", i ? ",\n" : "", cell.name, digits, cell.value);
    }
    fputs("\n}\n", file);
}

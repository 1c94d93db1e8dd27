/* SPDX-License-Identifier: Apache-2.0 */
#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "house.h"

/* The next word of the line, which ends the program where there is none or it is too long. */
static void take_word(const char **at, char *out, size_t size)
{
    *at += **at == ' ';
    size_t length = strcspn(*at, " \n");
    must_be(length > 0 && length < size);
    memcpy(out, *at, length);
    out[length] = 0;
    *at += length;
}

static uint64_t take_number(const char **at)
{
    char word[24];
    uint64_t number = 0;
    take_word(at, word, sizeof(word));
    must(cty_u64_parse(cty_bytes_text(word), CTY_NUMBER_MAX, &number));
    return number;
}

static const char *next_line(const char *at)
{
    const char *end = strchr(at, '\n');
    return end ? end + 1 : at + strlen(at);
}

static void take_case(const char *at, struct told_case *ret_case)
{
    take_word(&at, ret_case->case_hex, sizeof(ret_case->case_hex));
    take_word(&at, ret_case->action, sizeof(ret_case->action));
    take_word(&at, ret_case->state, sizeof(ret_case->state));
    take_word(&at, ret_case->holder, sizeof(ret_case->holder));
    take_word(&at, ret_case->consume, sizeof(ret_case->consume));
    ret_case->hops = take_number(&at);
    ret_case->revision = take_number(&at);
}

void told_read(struct told *told, const char *report)
{
    for (const char *line = report; *line; line = next_line(line)) {
        if (strncmp(line, "case ", 5) != 0)
            continue;
        told->cases = realloc(told->cases, (told->count + 1) * sizeof(*told->cases));
        must_be(told->cases != NULL);
        struct told_case *told_case = &told->cases[told->count++];
        memset(told_case, 0, sizeof(*told_case));
        take_case(line + 5, told_case);
    }
}

void told_done(struct told *told)
{
    free(told->cases);
    *told = (struct told){NULL, 0};
}

struct told_case *told_find(struct told *told, const char *case_hex)
{
    for (size_t i = 0; i < told->count; i++) {
        if (strcmp(told->cases[i].case_hex, case_hex) == 0)
            return &told->cases[i];
    }
    return NULL;
}

uint64_t told_type_count(const char *report, const char *type)
{
    char word[64];
    for (const char *line = report; *line; line = next_line(line)) {
        if (strncmp(line, "type ", 5) != 0)
            continue;
        const char *at = line + 5;
        take_word(&at, word, sizeof(word));
        if (strcmp(word, type) == 0)
            return take_number(&at);
    }
    house_fail(__FILE__, __LINE__, type, CUSTODY_E_INTERNAL, "not in the report");
}

bool told_next_act(const char **at, struct told_act *ret_act)
{
    if (!**at)
        return false;
    take_word(at, ret_act->case_hex, sizeof(ret_act->case_hex));
    take_word(at, ret_act->consume, sizeof(ret_act->consume));
    take_word(at, ret_act->actor, sizeof(ret_act->actor));
    *at = next_line(*at);
    return true;
}

char *told_read_text(const char *folder, const char *name)
{
    char path[192];
    size_t size = 0;
    char *text = NULL;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    FILE *memory = open_memstream(&text, &size);
    must_be(file && memory);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        fputc(c, memory);
    fclose(file);
    fclose(memory);
    return text;
}

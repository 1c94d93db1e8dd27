/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opt.h"

#include "base/check.h"
#include "base/limits.h"
#include "cli/text.h"

/* The words that an option may have, in a row. */
#define CTY_WORDS_BYTES_MAX 256u

void cty_args_know(struct cty_args *args, const struct cty_opt *table)
{
    for (; table && table->name; table++) {
        CTY_CHECK(args->known_count < CTY_OPTIONS_MAX);
        args->known[args->known_count++] = table;
    }
}

static const struct cty_opt *find_long(const struct cty_args *args, struct cty_bytes name)
{
    for (size_t i = 0; i < args->known_count; i++) {
        if (cty_bytes_is(name, args->known[i]->name))
            return args->known[i];
    }
    return NULL;
}

static const struct cty_opt *find_letter(const struct cty_args *args, char letter)
{
    for (size_t i = 0; i < args->known_count; i++) {
        if (args->known[i]->letter && args->known[i]->letter == letter)
            return args->known[i];
    }
    return NULL;
}

static custody_err put_given(struct cty_args *args, const struct cty_opt *opt, const char *value,
                             custody_error *error)
{
    if (opt->kind != CTY_OPT_LIST && cty_args_count(args, opt->name))
        return cty_fail(error, CUSTODY_E_USAGE, "--%s stands twice", opt->name);
    if (args->given_count == CTY_GIVEN_MAX)
        return cty_fail(error, CUSTODY_E_USAGE, "too many options");
    args->given[args->given_count].opt = opt;
    args->given[args->given_count++].value = value;
    return CUSTODY_OK;
}

static custody_err put_operand(struct cty_args *args, const char *word, custody_error *error)
{
    if (args->operands_count == CTY_OPERANDS_MAX)
        return cty_fail(error, CUSTODY_E_USAGE, "one word too many");
    args->operands[args->operands_count++] = word;
    return CUSTODY_OK;
}

struct reader {
    struct cty_args *args;
    int count;
    char *const *words;
    int at;
    custody_error *error;
};

static custody_err read_value(struct reader *r, const struct cty_opt *opt)
{
    if (opt->kind == CTY_OPT_FLAG)
        return put_given(r->args, opt, NULL, r->error);
    if (r->at + 1 >= r->count)
        return cty_fail(r->error, CUSTODY_E_USAGE, "--%s needs a value: %s", opt->name, opt->value);
    return put_given(r->args, opt, r->words[++r->at], r->error);
}

static custody_err read_long(struct reader *r, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) : strlen(word);
    const struct cty_opt *opt = find_long(r->args, cty_bytes_make(word, size));
    if (!opt)
        return cty_fail(r->error, CUSTODY_E_USAGE, "there is no option --%.*s here", size < 40 ? (int)size : 40, word);
    if (!equals)
        return read_value(r, opt);
    if (opt->kind == CTY_OPT_FLAG)
        return cty_fail(r->error, CUSTODY_E_USAGE, "--%s takes no value", opt->name);
    return put_given(r->args, opt, equals + 1, r->error);
}

static custody_err read_letter(struct reader *r, const char *word)
{
    const struct cty_opt *opt = find_letter(r->args, word[0]);
    if (!opt || word[1])
        return cty_fail(r->error, CUSTODY_E_USAGE, "there is no option -%.20s here", word);
    return read_value(r, opt);
}

static custody_err keep_rest(const struct reader *r)
{
    r->args->rest = r->words + r->at + 1;
    r->args->rest_count = (size_t)(r->count - r->at - 1);
    return CUSTODY_OK;
}

custody_err cty_args_parse(struct cty_args *args, int count, char *const *words, custody_error *error)
{
    struct reader r = {args, count, words, 0, error};
    bool operands_only = false;
    for (; r.at < count; r.at++) {
        const char *word = words[r.at];
        bool option = !operands_only && word[0] == '-' && word[1];
        if (option && strcmp(word, "--") == 0 && args->keeps_rest)
            return keep_rest(&r);
        if (option && strcmp(word, "--") == 0)
            operands_only = true;
        else if (option && word[1] == '-')
            CTY_TRY(read_long(&r, word + 2));
        else if (option)
            CTY_TRY(read_letter(&r, word + 1));
        else
            CTY_TRY(put_operand(args, word, error));
    }
    return CUSTODY_OK;
}

bool cty_args_knows(const struct cty_args *args, const char *name)
{
    return find_long(args, cty_bytes_text(name)) != NULL;
}

const char *cty_args_item(const struct cty_args *args, const char *name, size_t i)
{
    CTY_CHECK(cty_args_knows(args, name));
    for (size_t k = 0; k < args->given_count; k++) {
        if (strcmp(args->given[k].opt->name, name) == 0 && i-- == 0)
            return args->given[k].value;
    }
    return NULL;
}

const char *cty_args_text(const struct cty_args *args, const char *name)
{
    return cty_args_item(args, name, 0);
}

size_t cty_args_count(const struct cty_args *args, const char *name)
{
    CTY_CHECK(cty_args_knows(args, name));
    size_t count = 0;
    for (size_t k = 0; k < args->given_count; k++)
        count += strcmp(args->given[k].opt->name, name) == 0;
    return count;
}

bool cty_args_flag(const struct cty_args *args, const char *name)
{
    return cty_args_count(args, name) != 0;
}

custody_err cty_args_period(const struct cty_args *args, const char *name, uint64_t otherwise, uint64_t *ret_ms,
                            custody_error *error)
{
    const char *text = cty_args_text(args, name);
    *ret_ms = otherwise;
    return text ? cty_period_parse(text, ret_ms, error) : CUSTODY_OK;
}

custody_err cty_args_number(const struct cty_args *args, const char *name, uint64_t max, uint64_t otherwise,
                            uint64_t *ret_number, custody_error *error)
{
    const char *text = cty_args_text(args, name);
    *ret_number = otherwise;
    if (!text || cty_u64_parse(cty_bytes_text(text), max, ret_number) == CUSTODY_OK)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_USAGE, "--%s is not a whole number up to %llu", name, (unsigned long long)max);
}

/* "--priority is one of low, normal, high" */
static custody_err none_of(const char *name, const char *const *words, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf list = CTY_BUF_INIT(CTY_WORDS_BYTES_MAX);
    for (int i = 0; words[i]; i++)
        CTY_TRY(cty_buf_putf(&list, "%s%s", i ? ", " : "", words[i]));
    return cty_fail(error, CUSTODY_E_USAGE, "--%s is one of %.*s", name, (int)list.size, (const char *)list.data);
}

custody_err cty_args_word(const struct cty_args *args, const char *name, const char *const *words, int otherwise,
                          int *ret_index, custody_error *error)
{
    const char *text = cty_args_text(args, name);
    *ret_index = otherwise;
    if (!text)
        return CUSTODY_OK;
    for (int i = 0; words[i]; i++) {
        *ret_index = i;
        if (strcmp(words[i], text) == 0)
            return CUSTODY_OK;
    }
    return none_of(name, words, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/daemon/openmetrics.h"

#include <ctype.h>

#define SAMPLES_MAX 1024
#define LINE_MAX_BYTES 512

struct reading {
    char name[128];  /* of the family */
    char type[32];
    bool has_unit, has_help, has_samples;
    double last_bound, last_count, all;
    bool has_infinity, has_count, has_sum;
    char seen[SAMPLES_MAX][LINE_MAX_BYTES]; /* samples with their labels, and families */
    size_t seen_count;
};

static char said[LINE_MAX_BYTES + 64];

static bool wrong(const char *why, const char *line)
{
    snprintf(said, sizeof(said), "%s: %.500s", why, line);
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static bool is_name(const char *text, size_t size)
{
    if (size == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != ':')
            return false;
    }
    return true;
}

static bool once(struct reading *r, const char *text)
{
    for (size_t i = 0; i < r->seen_count; i++) {
        if (strcmp(r->seen[i], text) == 0)
            return wrong("stands twice", text);
    }
    if (r->seen_count == SAMPLES_MAX)
        return wrong("too many samples", text);
    snprintf(r->seen[r->seen_count++], LINE_MAX_BYTES, "%s", text);
    return true;
}

/* --- families ---------------------------------------------------------------------------------------------- */

static bool end_family(struct reading *r)
{
    if (!r->name[0])
        return true;
    if (!r->has_samples)
        return wrong("a family without samples", r->name);
    if (strcmp(r->type, "histogram") == 0 && (!r->has_infinity || !r->has_count || !r->has_sum))
        return wrong("an incomplete histogram", r->name);
    return true;
}

static bool begin_family(struct reading *r, const char *name, const char *type)
{
    static const char *const types[] = {"gauge", "counter", "histogram", "info", "stateset"};
    char family[160];
    bool known = false;
    snprintf(family, sizeof(family), "# %s", name);
    if (!end_family(r) || !once(r, family))
        return false;
    for (size_t i = 0; i < CTY_COUNT_OF(types); i++)
        known = known || strcmp(type, types[i]) == 0;
    if (!known || !is_name(name, strlen(name)))
        return wrong("a type or a name", name);
    if (ends_with(name, "_total") || ends_with(name, "_info") || ends_with(name, "_count"))
        return wrong("a name with a suffix of samples", name);
    snprintf(r->name, sizeof(r->name), "%s", name);
    snprintf(r->type, sizeof(r->type), "%.31s", type);
    r->has_unit = r->has_help = r->has_samples = r->has_infinity = r->has_count = r->has_sum = false;
    r->last_bound = r->last_count = r->all = -1;
    return true;
}

static bool take_unit(struct reading *r, const char *unit, const char *line)
{
    char suffix[64];
    snprintf(suffix, sizeof(suffix), "_%.60s", unit);
    if (r->has_unit || r->has_help || r->has_samples)
        return wrong("a unit in the wrong place", line);
    r->has_unit = true;
    return ends_with(r->name, suffix) || wrong("a unit that does not end the name", line);
}

static bool take_comment(struct reading *r, const char *line)
{
    char what[16], name[128];
    size_t what_size = strncmp(line, "# ", 2) == 0 ? strcspn(line + 2, " ") : 0;
    size_t name_size = what_size && line[2 + what_size] ? strcspn(line + 3 + what_size, " ") : 0;
    const char *rest = name_size ? line + 3 + what_size + name_size : "";
    if (*rest != ' ' || !*++rest || what_size >= sizeof(what) || name_size >= sizeof(name))
        return wrong("a comment", line);
    snprintf(what, sizeof(what), "%.*s", (int)what_size, line + 2);
    snprintf(name, sizeof(name), "%.*s", (int)name_size, line + 3 + what_size);
    if (strcmp(what, "TYPE") == 0)
        return begin_family(r, name, rest);
    if (strcmp(name, r->name) != 0)
        return wrong("of another family", line);
    if (strcmp(what, "UNIT") == 0)
        return take_unit(r, rest, line);
    if (strcmp(what, "HELP") != 0 || r->has_help || r->has_samples || strpbrk(rest, "\\\""))
        return wrong("a help", line);
    return r->has_help = true;
}

/* --- samples ----------------------------------------------------------------------------------------------- */

/* One label at most, as {name="value"}; its end, NULL where it is wrong. */
static const char *read_label(const char *at, char ret_name[64], char ret_value[64])
{
    ret_name[0] = ret_value[0] = 0;
    if (*at != '{')
        return at;
    for (;;) {
        size_t name = strcspn(++at, "=");
        size_t value = strcspn(at + name + 2, "\"");
        if (!is_name(at, name) || at[name + 1] != '"' || name > 63 || value > 63)
            return NULL;
        snprintf(ret_name, 64, "%.*s", (int)name, at);
        snprintf(ret_value, 64, "%.*s", (int)value, at + name + 2);
        at += name + value + 3;
        if (*at != ',')
            return *at == '}' ? at + 1 : NULL;
    }
}

static bool read_number(const char *text, double *ret_number)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]))
        return false;
    *ret_number = strtod(text, &end);
    return *end == 0;
}

static bool take_bucket(struct reading *r, const char *bound, double value, const char *line)
{
    char *end = NULL;
    double most = strtod(bound, &end);
    if (strcmp(bound, "+Inf") == 0)
        r->has_infinity = true;
    else if (*end || !strchr(bound, '.') || (ends_with(bound, "0") && !ends_with(bound, ".0")))
        return wrong("a bound that is not in its one form", line);
    if (most <= r->last_bound || value < r->last_count)
        return wrong("buckets that do not grow", line);
    r->last_bound = most;
    r->last_count = value;
    return true;
}

static bool take_histogram(struct reading *r, const char *suffix, const char *label, const char *bound, double value,
                           const char *line)
{
    if (strcmp(suffix, "_bucket") == 0)
        return (strcmp(label, "le") == 0 && !r->has_infinity && take_bucket(r, bound, value, line)) || wrong("a bucket", line);
    if (strcmp(suffix, "_sum") == 0)
        return r->has_sum = true;
    if (strcmp(suffix, "_count") != 0)
        return wrong("a suffix", line);
    r->has_count = true;
    return value == r->last_count || wrong("a count that is not the last bucket's", line);
}

static bool take_value(struct reading *r, const char *suffix, const char *label, const char *label_value, double value,
                       const char *line)
{
    if (strcmp(r->type, "histogram") == 0)
        return take_histogram(r, suffix, label, label_value, value, line);
    if (strcmp(r->type, "counter") == 0)
        return strcmp(suffix, "_total") == 0 || wrong("a suffix", line);
    if (strcmp(r->type, "info") == 0)
        return (strcmp(suffix, "_info") == 0 && value == 1) || wrong("an info", line);
    if (strcmp(r->type, "stateset") == 0)
        return (!*suffix && strcmp(label, r->name) == 0 && (value == 0 || value == 1)) || wrong("a state", line);
    return !*suffix || wrong("a suffix", line);
}

static bool take_sample(struct reading *r, const char *line)
{
    char name[128], sample[LINE_MAX_BYTES], label[64], label_value[64];
    double value = 0;
    size_t size = strcspn(line, "{ ");
    if (!is_name(line, size) || size >= sizeof(name) || !r->has_help)
        return wrong("a sample's name, or it comes too early", line);
    snprintf(name, sizeof(name), "%.*s", (int)size, line);
    const char *after = read_label(line + size, label, label_value);
    if (!after || *after != ' ' || !read_number(after + 1, &value))
        return wrong("labels or a number", line);
    snprintf(sample, sizeof(sample), "%.*s", (int)(after - line), line);
    if (strncmp(name, r->name, strlen(r->name)) != 0)
        return wrong("of another family", line);
    r->has_samples = true;
    return take_value(r, name + strlen(r->name), label, label_value, value, line) && once(r, sample);
}

const char *openmetrics_wrong(const char *text)
{
    struct reading *r = calloc(1, sizeof(*r));
    bool good = ends_with(text, "\n# EOF\n") || wrong("no end", "");
    while (good && *text) {
        char line[LINE_MAX_BYTES];
        size_t size = strcspn(text, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)size, text);
        text += size + 1;
        if (size == 0 || size >= sizeof(line))
            good = wrong("an empty or endless line", line);
        else if (strcmp(line, "# EOF") == 0)
            good = (*text == 0 && end_family(r)) || wrong("something behind the end", text);
        else
            good = line[0] == '#' ? take_comment(r, line) : take_sample(r, line);
    }
    free(r);
    return good ? NULL : said;
}

uint64_t openmetrics_value(const char *text, const char *sample)
{
    char wanted[LINE_MAX_BYTES];
    snprintf(wanted, sizeof(wanted), "\n%s ", sample);
    const char *found = strstr(text, wanted);
    if (!found)
        fail_msg("no sample %s", sample);
    return strtoull(found + strlen(wanted), NULL, 10);
}

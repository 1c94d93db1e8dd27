/* SPDX-License-Identifier: Apache-2.0 */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"

static char *read_output(const char *path)
{
    size_t size = 0;
    char *text = NULL;
    FILE *file = fopen(path, "rb");
    FILE *memory = open_memstream(&text, &size);
    must_be(file && memory);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        fputc(c, memory);
    fclose(file);
    fclose(memory);
    return text;
}

int tool_run(const char *folder, const char *variable, const char *program, const char *const *words, char **ret_text)
{
    struct child child = {.pid = 0};
    const char *argv[TOOL_ARGUMENTS_MAX + 2] = {house_program(variable, program)};
    size_t count = 1;
    while (*words && count <= TOOL_ARGUMENTS_MAX)
        argv[count++] = *words++;
    snprintf(child.log, sizeof(child.log), "%s/tool.txt", folder);
    (void)unlink(child.log);
    int status = child_run(&child, argv, HOUSE_PATIENCE_MS);
    *ret_text = read_output(child.log);
    return status;
}

int tool_custody(struct house *h, const char *actor, const char *const *words, char **ret_text)
{
    char trust[128], key[192];
    const char *all[TOOL_ARGUMENTS_MAX] = {NULL};
    size_t count = 0;
    snprintf(trust, sizeof(trust), "%s/trust.json", h->folder);
    snprintf(key, sizeof(key), "%s/%s.key", h->folder, actor);
    for (char *at = key + strlen(h->folder) + 1; *at; at++)
        *at = *at == '/' ? '-' : *at;
    while (*words && count < TOOL_ARGUMENTS_MAX - 9)
        all[count++] = *words++;
    const char *const more[] = {"--url", h->url, "--trust", trust, "--key", key, "--state", "-"};
    for (size_t i = 0; i < CTY_COUNT_OF(more); i++)
        all[count++] = more[i];
    return tool_run(h->folder, "CUSTODY_CUSTODY", "src/cli/custody", all, ret_text);
}

int tool_verify(const char *folder, const char *file, char **ret_text)
{
    char trust[128];
    snprintf(trust, sizeof(trust), "%s/trust.json", folder);
    const char *const words[] = {"--trust", trust, file, NULL};
    return tool_run(folder, "CUSTODY_VERIFY", "src/verify/custody-verify", words, ret_text);
}

bool tool_claims(const char *text, const char *claim, const char *says)
{
    char begin[64];
    snprintf(begin, sizeof(begin), "%-11s ", claim);
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *end = strchr(line, '\n');
        const char *found = strstr(line, says);
        if (strncmp(line, begin, strlen(begin)) == 0 && found && (!end || found < end))
            return true;
    }
    return false;
}

void tool_show(const char *heading, const char *text)
{
    const char *path = getenv("CUSTODY_SHOW_TEXT");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file)
        return;
    fprintf(file, "== %s\n%s\n", heading, text);
    fclose(file);
}

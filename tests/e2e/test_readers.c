/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger whose entries are for members, audited by its tiles over HTTP: with a key the audit signs for a token by itself, and
 * without one it stops at the first bundle.
 */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/support.h"

static const char *const arguments[] = {"--http", "http://127.0.0.1:0", NULL};
static struct house *h;
static char prefix[CTY_URL_BYTES_MAX + 1];

static void find_prefix(void)
{
    char line[512];
    FILE *log = fopen(h->custodyd.log, "r");
    assert_non_null(log);
    prefix[0] = 0;
    while (!prefix[0] && fgets(line, sizeof(line), log)) {
        const char *at = strstr(line, " event=http door=");
        if (at)
            snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(at + 17, "\n"), at + 17);
    }
    fclose(log);
    assert_true(prefix[0] != 0);
}

static int set_up(void **state)
{
    const struct house_config config = {.more = arguments};
    (void)state;
    h = house_new(&config);
    house_party(h, "acme");
    house_agent(h, "acme/bot");
    find_prefix();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_stop(h);
    house_well(h);
    house_free(h);
    return 0;
}

/* The exit status of an audit of the tiles; *ret_text is what it printed. */
static int audit(const char *key, char **ret_text)
{
    char trust[96], file[160];
    const char *words[] = {"audit", "--tiles", prefix, "--no-state", "--trust", trust, "--timeout", "20s", "--key", file, NULL};
    snprintf(trust, sizeof(trust), "%s/trust.json", h->folder);
    snprintf(file, sizeof(file), "%s/%s", h->folder, key ? key : "");
    if (!key)
        words[8] = NULL;
    return tool_run(h->folder, "CUSTODY_CUSTODY", "src/cli/custody", words, ret_text);
}

static void a_member_audits_by_tiles(void **state)
{
    char *text = NULL;
    (void)state;
    int status = audit("acme-bot.key", &text);
    if (status != 0 || !tool_claims(text, "lawful", "holds"))
        fail_msg("status %d: %s", status, text);
    free(text);
}

static void others_do_not(void **state)
{
    char *text = NULL;
    (void)state;
    int status = audit(NULL, &text);
    if (status == 0 || !strstr(text, "session-needed"))
        fail_msg("status %d: %s", status, text);
    free(text);
}

/* Who was a member is told so. */
static void who_left_does_not(void **state)
{
    char *text = NULL;
    (void)state;
    house_agent(h, "acme/pal");
    int status = audit("acme-pal.key", &text);
    assert_int_equal(status, 0);
    free(text);
    house_revoke(h, "acme/pal");
    status = audit("acme-pal.key", &text);
    if (status == 0 || !strstr(text, "key-not-valid"))
        fail_msg("status %d: %s", status, text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_audits_by_tiles),
        cmocka_unit_test(others_do_not),
        cmocka_unit_test(who_left_does_not),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

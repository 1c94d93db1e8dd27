/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger for tools/interop: a real custodyd with its HTTP door, grown to exact sizes by lawful requests. It says what is needed
 * to reach it, a word and a value a line, and then does what it is told, a line each:
 *
 *     grow N           until the ledger has N entries; answers "size N"
 *     witnesses FILE   starts custodyd again with this policy; answers "http URL"
 *     restart          starts custodyd again without one; the same
 *
 * The end of its input ends it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "house.h"
#include "wire.h"

#define THREADS 3
#define AGENTS 3
#define HOUR_MS 3600000u
#define CONTENT "{\"amount\":100,\"order\":\"o-1\"}"

static struct house *h;
static unsigned extra; /* agents enrolled for an odd entry */
static const char *options[6] = {"--http", "http://127.0.0.1:0", NULL};

/* ---- requests that the policy refuses at once: two entries each, the request and its verdict ---- */

struct hand {
    pthread_t thread;
    const struct cty_secret *secret;
    struct cty_seen seen;
    uint64_t requests;
};

static void fill(struct cty_statement *st, struct cty_content *content, const struct hand *hand)
{
    *st = (struct cty_statement){.type = CTY_REQUEST, .ledger = CTY_LITERAL(HOUSE_ORIGIN), .time = wall_ms()};
    cty_random_id(st->time, st->id);
    st->until = st->time + HOUR_MS;
    st->seen = hand->seen;
    st->signers[0] = cty_secret_name(hand->secret);
    st->signers_count = 1;
    st->u.request.service = CTY_LITERAL("billing");
    st->u.request.action = CTY_LITERAL("never");
    st->u.request.priority = CTY_PRIORITY_NORMAL;
    st->u.request.executor = st->signers[0];
    st->u.request.expires = st->until;
    *content = (struct cty_content){.member = CTY_LITERAL("payload"), .content = CTY_LITERAL(CONTENT)};
    cty_random(content->salt, sizeof(content->salt));
    st->u.request.payload =
        cty_commitment(st->ledger, st->signers[0], st->id, content->member, content->salt, content->content);
}

static void *work(void *context)
{
    const struct hand *hand = context;
    struct cty_statement *st = cty_alloc(1, sizeof(*st));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_content content;
    struct wire wire = {0};
    must_be(st != NULL);
    wire_open(&wire, h->url);
    for (uint64_t i = 0; i < hand->requests; i++) {
        fill(st, &content, hand);
        cty_buf_clear(&envelope);
        must(cty_statement_sign(st, &hand->secret, 1, &envelope, NULL));
        const char *code = wire_submit(&wire, cty_buf_bytes(&envelope), &content, 1);
        if (strcmp(code, "ok") != 0)
            house_fail(__FILE__, __LINE__, "a request was refused", custody_err_parse(code), code);
    }
    wire_close(&wire);
    cty_buf_done(&envelope);
    free(st);
    return NULL;
}

static void request(uint64_t count, struct cty_seen seen)
{
    struct hand hands[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "acme/agent-%u", i);
        hands[i] = (struct hand){.secret = house_secret(h, name), .seen = seen};
        hands[i].requests = count / THREADS + (i < count % THREADS ? 1 : 0);
        must_be(pthread_create(&hands[i].thread, NULL, work, &hands[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(hands[i].thread, NULL);
}

/* ---- growing ---- */

static struct cty_seen standing(void)
{
    struct cty_checkpoint checkpoint;
    must(cty_client_checkpoint(h->door, true, &checkpoint, NULL, &house_error));
    return (struct cty_seen){checkpoint.size, checkpoint.root};
}

static void enrol(void)
{
    house_party(h, "acme");
    for (unsigned i = 0; i < AGENTS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "acme/agent-%u", i);
        house_agent(h, name);
    }
}

static void add_one(void)
{
    char name[32];
    snprintf(name, sizeof(name), "acme/odd-%u", extra++);
    house_agent(h, name);
}

static void grow(uint64_t size)
{
    struct cty_seen now = standing();
    if (now.size == 1 && size > 1)
        enrol();
    now = standing();
    must_be(now.size <= size);
    if ((size - now.size) % 2 == 1)
        add_one();
    now = standing();
    request((size - now.size) / 2, now);
    must_be(standing().size == size);
    printf("size %llu\n", (unsigned long long)size);
}

/* ---- custodyd ---- */

static void tell_http(void)
{
    char line[1024], url[128] = "";
    FILE *log = fopen(h->custodyd.log, "r");
    must_be(log != NULL);
    while (fgets(line, sizeof(line), log)) {
        const char *at = strstr(line, " event=http ");
        at = at ? strstr(at, "http://") : NULL;
        if (at)
            snprintf(url, sizeof(url), "%.*s", (int)strcspn(at, "\" \n"), at);
    }
    must_be(fclose(log) == 0 && url[0]);
    printf("http %s\n", url);
}

static void start_again(const char *witnesses)
{
    options[2] = witnesses ? "--witnesses" : NULL;
    options[3] = witnesses;
    house_stop(h);
    house_start(h);
    tell_http();
}

static void obey(char *line)
{
    static char policy[1024];
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "grow ", 5) == 0) {
        grow(strtoull(line + 5, NULL, 10));
    } else if (strncmp(line, "witnesses ", 10) == 0) {
        snprintf(policy, sizeof(policy), "%s", line + 10);
        start_again(policy);
    } else if (strcmp(line, "restart") == 0) {
        start_again(NULL);
    } else {
        house_fail(__FILE__, __LINE__, "no such order", CUSTODY_E_USAGE, line);
    }
    must_be(fflush(stdout) == 0);
}

int main(void)
{
    const struct house_config config = {.readers = CTY_READERS_PUBLIC, .more = options};
    char line[1024];
    h = house_new(&config);
    printf("folder %s\nurl %s\norigin %s\nkey %s\ndatabase %s\ntrust %s/trust.json\nreader %s/operator-ada.key\n", h->folder,
           h->url, HOUSE_ORIGIN, h->log_vkey, h->database, h->folder, h->folder);
    tell_http();
    must_be(fflush(stdout) == 0);
    while (fgets(line, sizeof(line), stdin))
        obey(line);
    house_well(h);
    house_free(h);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three vendors behind walls of their own share one ledger over TLS: their cases cross by handoffs of every kind, some
 * of their people and agents are revoked in mid-flight, and the custodian is killed in between. Afterwards each audits
 * from its own trust file, and all three have to tell the same of every case, and what each worker saw by itself.
 * --cases N sets how many cases there are.
 */
#include "unit/support.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "books.h"
#include "codec/json.h"
#include "codec/text.h"
#include "drafts.h"
#include "told.h"
#include "vendor.h"

#define KILLS 2u
/* A call that meets two restarts in a row loses its session twice, and is refused: once is what it has to bear. */
#define KILL_PAUSE_MS 3500u
#define ORDER_MS (20 * 60 * 1000)

static unsigned cases_wanted = 150;

struct seat {
    pid_t pid;
    int orders;
    char folder[96];
    char host[32];
    char url[128];
    unsigned finished;
    int audit_status;
    char *report;
};

struct show {
    enum walls walls;
    struct seat seats[VENDORS];
    struct house *house;
    unsigned kills;
    uint64_t killed_ms;
    double seconds;
    struct told told;
    struct books books;
};
static struct show *the_show;

/* ---- orders ---- */

static void order(struct seat *seat, const char *word, struct cty_bytes rest)
{
    struct cty_buf out = CTY_BUF_INIT(ORDER_BYTES_MAX);
    must(cty_buf_putf(&out, "%s ", word));
    must(cty_buf_put_bytes(&out, rest));
    must_be(send(seat->orders, out.data, out.size, MSG_NOSIGNAL) == (ssize_t)out.size);
    cty_buf_done(&out);
}

/* What a vendor says next, without the word that it begins with; it ends where the vendor has ended. */
static struct cty_bytes listen_for(struct seat *seat, const char *word, char *memory)
{
    size_t length = strlen(word);
    struct pollfd news = {.fd = seat->orders, .events = POLLIN};
    must_be(poll(&news, 1, ORDER_MS) == 1);
    ssize_t size = recv(seat->orders, memory, ORDER_BYTES_MAX, 0);
    if (size <= (ssize_t)length || memcmp(memory, word, length) != 0)
        house_fail(__FILE__, __LINE__, word, CUSTODY_E_INTERNAL, "a vendor has ended, or said something else");
    memory[size] = 0;
    return cty_bytes_make(memory + length + 1, (size_t)size - length - 1);
}

static char scratch[ORDER_BYTES_MAX + 1];

/* ---- walls ---- */

static void start_vendor(struct show *show, unsigned number)
{
    int pair[2];
    struct seat *seat = &show->seats[number];
    walls_folder(show->walls, number, seat->folder, sizeof(seat->folder));
    house_also_remove(seat->folder);
    walls_host(show->walls, number, seat->host, sizeof(seat->host));
    must_be(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    fflush(NULL);
    seat->pid = fork();
    must_be(seat->pid >= 0);
    if (seat->pid == 0) {
        for (unsigned i = 0; i < number; i++)
            close(show->seats[i].orders);
        close(pair[0]);
        vendor_main(number, seat->folder, pair[1], show->walls);
    }
    close(pair[1]);
    seat->orders = pair[0];
    (void)listen_for(seat, "apart", scratch);
    walls_wire(show->walls, number, seat->pid);
    order(seat, "wired", CTY_LITERAL("-"));
}

/* ---- the ledger, and enrolment by both sides ---- */

static void open_house(struct show *show)
{
    struct house_config config = {.policy = plays_policy, .connections = 512, .calls = 192};
    unsigned doors = show->walls == WALLS_NAMESPACES ? VENDORS : 1;
    unsigned port = 20000 + (unsigned)getpid() % 20000;
    for (unsigned i = 0; i < VENDORS; i++)
        snprintf(show->seats[i].url, sizeof(show->seats[i].url), "tls+tcp://%s:%u", show->seats[i].host, port);
    for (unsigned i = 0; i < doors; i++) {
        config.doors[i] = show->seats[i].url;
        config.hosts[i] = show->seats[i].host;
    }
    show->house = house_new(&config);
}

static void fill_admin(struct cty_enrolment *admin, struct cty_bytes line)
{
    struct cty_key key;
    must(cty_vkey_parse(line, CTY_KEY_ED25519, &admin->actor, &key));
    admin->key = line;
    admin->kind = CTY_PERSON;
    admin->person.present = true;
    cty_random(admin->person.bits, sizeof(admin->person.bits));
    admin->roles.names[admin->roles.count++] = CTY_LITERAL("admin");
}

/* The draft that all four sign; `lines` holds the two admins' public lines. */
static void draft_enrolment(struct show *show, unsigned number, struct cty_bytes lines, struct cty_draft *draft)
{
    const uint8_t *line = memchr(lines.data, '\n', lines.size);
    struct cty_party_enrol *enrol = &draft->statement.u.party_enrol;
    must_be(line != NULL);
    size_t first = (size_t)(line - lines.data);
    must(cty_client_begin(show->house->door, CTY_PARTY_ENROL, draft, &house_error));
    must(cty_draft_sign(draft, house_secret(show->house, "operator/ada")));
    must(cty_draft_sign(draft, house_secret(show->house, "operator/otto")));
    enrol->party = cty_bytes_text(vendor_parties[number]);
    fill_admin(&enrol->admins[enrol->admins_count++], cty_bytes_make(lines.data, first));
    fill_admin(&enrol->admins[enrol->admins_count++], cty_bytes_make(line + 1, lines.size - first - 1));
    for (unsigned i = 0; i < 2; i++)
        draft->statement.signers[draft->statement.signers_count++] = enrol->admins[i].actor;
}

static void put_signatures(struct cty_jw *jw, struct cty_bytes envelope, struct cty_signed *parsed)
{
    must(cty_envelope_parse(envelope, parsed, &house_error));
    for (uint32_t i = 0; i < parsed->signatures_count; i++) {
        const struct cty_envelope_signature *line = &parsed->signatures[i];
        cty_jw_object(jw);
        cty_jw_name(jw, "keyid");
        cty_jw_hex(jw, cty_bytes_make(line->keyid, sizeof(line->keyid)));
        cty_jw_name(jw, "sig");
        cty_jw_base64(jw, cty_bytes_make(line->signature.bytes, CTY_SIGNATURE_SIZE));
        cty_jw_object_end(jw);
    }
}

/* Ours, then theirs, over one body. */
static void join_envelopes(struct cty_bytes ours, struct cty_bytes theirs, struct cty_buf *out)
{
    struct cty_signed parsed = {0};
    struct cty_jw jw;
    must(cty_envelope_parse(ours, &parsed, &house_error));
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "payload");
    cty_jw_base64(&jw, parsed.body);
    cty_jw_name(&jw, "payloadType");
    cty_jw_text(&jw, cty_type_payload_type(CTY_PARTY_ENROL));
    cty_jw_name(&jw, "signatures");
    cty_jw_array(&jw);
    put_signatures(&jw, ours, &parsed);
    put_signatures(&jw, theirs, &parsed);
    cty_jw_array_end(&jw);
    cty_jw_object_end(&jw);
    must(cty_jw_end(&jw));
    cty_signed_done(&parsed);
}

static void enrol_party(struct show *show, unsigned number, char *lines)
{
    struct seat *seat = &show->seats[number];
    struct cty_draft *draft = draft_new();
    struct cty_submitted submitted = {0};
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX), ours = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf whole = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    draft_enrolment(show, number, cty_bytes_text(lines), draft);
    must(cty_statement_encode(&draft->statement, &body));
    must(cty_envelope_sign(cty_bytes_text(cty_type_payload_type(CTY_PARTY_ENROL)), cty_buf_bytes(&body), draft->secrets, 2,
                           &ours));
    order(seat, "sign", cty_buf_bytes(&body));
    join_envelopes(cty_buf_bytes(&ours), listen_for(seat, "signed", scratch), &whole);
    must(cty_client_submit_envelope(show->house->door, cty_buf_bytes(&whole), NULL, 0, &submitted, &house_error));
    cty_submitted_done(&submitted);
    cty_buf_done(&body);
    cty_buf_done(&ours);
    cty_buf_done(&whole);
    draft_free(draft);
}

static void found(struct show *show)
{
    char *lines[VENDORS];
    struct cty_buf text = CTY_BUF_INIT(ORDER_BYTES_MAX);
    for (unsigned i = 0; i < VENDORS; i++)
        lines[i] = cty_bytes_dup_text(listen_for(&show->seats[i], "admins", scratch));
    open_house(show);
    for (unsigned i = 0; i < VENDORS; i++) {
        cty_buf_clear(&text);
        must(cty_buf_putf(&text, "%s %s\n%s", show->seats[i].url, show->house->log_vkey, show->house->certificate));
        order(&show->seats[i], "ledger", cty_buf_bytes(&text));
        enrol_party(show, i, lines[i]);
        order(&show->seats[i], "enrol", CTY_LITERAL("-"));
        free(lines[i]);
    }
    for (unsigned i = 0; i < VENDORS; i++)
        (void)listen_for(&show->seats[i], "enrolled", scratch);
    cty_buf_done(&text);
}

/* ---- the play ---- */

static unsigned share_of(unsigned number)
{
    return cases_wanted / VENDORS + (number < cases_wanted % VENDORS ? 1 : 0);
}

static unsigned finished(const struct show *show)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < VENDORS; i++)
        sum += show->seats[i].finished;
    return sum;
}

static void hear_progress(struct show *show)
{
    uint64_t number = 0;
    struct pollfd news[VENDORS];
    for (unsigned i = 0; i < VENDORS; i++)
        news[i] = (struct pollfd){.fd = show->seats[i].orders, .events = POLLIN};
    must_be(poll(news, VENDORS, ORDER_MS) > 0);
    for (unsigned i = 0; i < VENDORS; i++) {
        if (!news[i].revents)
            continue;
        must(cty_u64_parse(listen_for(&show->seats[i], "at", scratch), 1000000, &number));
        show->seats[i].finished = (unsigned)number;
    }
}

/* While handoffs cross. */
static void kill_custodian(struct show *show)
{
    printf("# killed after %u of %u cases\n", finished(show), cases_wanted);
    house_kill(show->house);
    pause_ms(150);
    house_start(show->house);
    show->kills++;
    show->killed_ms = now_ms();
}

static void play(struct show *show)
{
    char text[16];
    uint64_t began = now_ms();
    for (unsigned i = 0; i < VENDORS; i++) {
        snprintf(text, sizeof(text), "%u", share_of(i));
        order(&show->seats[i], "go", cty_bytes_text(text));
    }
    while (finished(show) < cases_wanted) {
        hear_progress(show);
        bool due = finished(show) >= (show->kills + 1) * cases_wanted / (KILLS + 1);
        if (show->kills < KILLS && due && now_ms() > show->killed_ms + KILL_PAUSE_MS)
            kill_custodian(show);
    }
    show->seconds = (double)(now_ms() - began) / 1000;
    for (unsigned i = 0; i < VENDORS; i++)
        order(&show->seats[i], "rest", CTY_LITERAL("-"));
    for (unsigned i = 0; i < VENDORS; i++)
        (void)listen_for(&show->seats[i], "rested", scratch);
}

/* ---- what they tell ---- */

static void audit_all(struct show *show)
{
    uint64_t status = 0;
    for (unsigned i = 0; i < VENDORS; i++)
        order(&show->seats[i], "audit", CTY_LITERAL("-"));
    for (unsigned i = 0; i < VENDORS; i++) {
        struct cty_bytes said = listen_for(&show->seats[i], "audited", scratch);
        must(cty_u64_parse(said, 255, &status));
        show->seats[i].audit_status = (int)status;
        show->seats[i].report = told_read_text(show->seats[i].folder, "report");
    }
}

static uint64_t type_count(const struct show *show, const char *type)
{
    return told_type_count(show->seats[0].report, type);
}

static void tell(const struct show *show)
{
    static const char *const types[] = {"offer", "accept", "decline", "withdraw", "finalise", "expiry", "actor.revoke",
                                        "actor.rotate", "patch", "consent", "question", "answer", "decision", "consume",
                                        "outcome", "cancel"};
    static const char *const walls[] = {"a network namespace, a user, a trust file and a process each",
                                        "a user, a trust file and a process each", "a trust file and a process each"};
    printf("# %u vendors: %s\n", VENDORS, walls[show->walls]);
    printf("# %u cases in %.1f s, %u restarts, %llu entries", cases_wanted, show->seconds, show->kills,
           (unsigned long long)show->books.size);
    for (size_t i = 0; i < CTY_COUNT_OF(types); i++)
        printf(", %llu %s", (unsigned long long)type_count(show, types[i]), types[i]);
    printf("\n");
}

static int set_up(void **state)
{
    struct show *show = calloc(1, sizeof(*show));
    must_be(show != NULL);
    *state = the_show = show;
    show->walls = walls_build();
    for (unsigned i = 0; i < VENDORS; i++)
        start_vendor(show, i);
    found(show);
    play(show);
    audit_all(show);
    house_stop(show->house);
    books_open(&show->books, show->house);
    told_read(&show->told, show->seats[0].report);
    tell(show);
    return 0;
}

/* ---- what is asked of it ---- */

static void every_vendors_audit_says_the_same(void **state)
{
    struct show *show = *state;
    for (unsigned i = 0; i < VENDORS; i++) {
        int status = show->seats[i].audit_status;
        assert_int_equal(status, status == 2 ? 2 : 0);
        assert_string_equal(show->seats[i].report, show->seats[0].report);
    }
    assert_int_equal(show->told.count, cases_wanted);
}

static void the_operators_books_are_whole(void **state)
{
    struct show *show = *state;
    const char *fault = books_fault(&show->books);
    if (fault)
        fail_msg("%s", fault);
}

static void every_case_ended_as_its_play_has_it(void **state)
{
    struct show *show = *state;
    for (size_t i = 0; i < show->told.count; i++) {
        const struct told_case *told = &show->told.cases[i];
        enum play_kind kind = play_named(cty_bytes_text(told->action));
        unsigned state_number = 0;
        assert_int_not_equal(kind, PLAY_KINDS);
        while (state_number < CTY_CASE_STATE_COUNT && strcmp(cty_case_state_names[state_number], told->state) != 0)
            state_number++;
        if (!(plays[kind].finals & (1u << state_number)))
            fail_msg("%s %s ended %s", told->action, told->case_hex, told->state);
        assert_in_range(told->hops, 0, plays[kind].hops);
    }
}

/* What the workers wrote down when they were told to act: once at most, and the consume and the holder of the audit. */
static void check_acts(struct show *show, const char *acts)
{
    struct told_act act;
    while (told_next_act(&acts, &act)) {
        struct told_case *told = told_find(&show->told, act.case_hex);
        assert_non_null(told);
        assert_string_equal(told->consume, act.consume);
        assert_string_equal(told->holder, act.actor);
        told->acts++;
    }
}

static void check_told_acts(const struct told_case *told)
{
    bool fulfilled = strcmp(told->state, "FULFILLED") == 0;
    switch (plays[play_named(cty_bytes_text(told->action))].acts) {
    case ACTS_NONE:
        assert_int_equal(told->acts, 0);
        assert_string_equal(told->consume, "-");
        return;
    case ACTS_ONCE:
        assert_int_equal(told->acts, 1);
        return;
    case ACTS_PERHAPS:
        assert_in_range(told->acts, 0, 1);
        return;
    case ACTS_IF_FULFILLED:
        assert_int_equal(told->acts, fulfilled ? 1 : 0);
        return;
    }
}

static void nothing_was_acted_on_twice(void **state)
{
    struct show *show = *state;
    for (unsigned i = 0; i < VENDORS; i++) {
        char *acts = told_read_text(show->seats[i].folder, "acts");
        check_acts(show, acts);
        free(acts);
    }
    for (size_t i = 0; i < show->told.count; i++)
        check_told_acts(&show->told.cases[i]);
}

static void all_of_it_happened(void **state)
{
    static const char *const types[] = {"accept", "decline", "withdraw", "finalise", "expiry", "actor.revoke",
                                        "actor.rotate", "patch", "consent", "question", "answer", "cancel"};
    struct show *show = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(types); i++) {
        if (type_count(show, types[i]) == 0)
            fail_msg("no %s", types[i]);
    }
    assert_int_equal(show->kills, KILLS);
    assert_true(type_count(show, "offer") > type_count(show, "accept"));
}

/* ---- the end ---- */

static void remove_folder(const char *path)
{
    char name[512];
    DIR *entries = opendir(path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries)) {
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        unlink(name);
    }
    if (entries)
        closedir(entries);
    rmdir(path);
}

static bool finish(struct show *show, bool well)
{
    for (unsigned i = 0; i < VENDORS; i++) {
        int status = 0;
        order(&show->seats[i], "end", CTY_LITERAL("-"));
        well = waitpid(show->seats[i].pid, &status, 0) == show->seats[i].pid && status == 0 && well;
        remove_folder(show->seats[i].folder);
        free(show->seats[i].report);
        close(show->seats[i].orders);
    }
    if (well)
        house_well(show->house);
    books_close(&show->books);
    house_free(show->house);
    told_done(&show->told);
    free(show);
    return well;
}

int main(int argc, char **argv)
{
    uint64_t number = 0;
    if (argc == 3 && strcmp(argv[1], "--cases") == 0 &&
        cty_u64_parse(cty_bytes_text(argv[2]), 100000, &number) == CUSTODY_OK && number >= 96) {
        cases_wanted = (unsigned)number;
    } else if (argc > 1) {
        fprintf(stderr, "usage: test_vendors [--cases N], at least 96\n");
        return 4;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vendors_audit_says_the_same),
        cmocka_unit_test(the_operators_books_are_whole),
        cmocka_unit_test(every_case_ended_as_its_play_has_it),
        cmocka_unit_test(nothing_was_acted_on_twice),
        cmocka_unit_test(all_of_it_happened),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    if (the_show && !finish(the_show, failed == 0))
        failed = failed ? failed : 1;
    return failed;
}

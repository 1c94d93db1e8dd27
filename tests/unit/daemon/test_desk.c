/* SPDX-License-Identifier: Apache-2.0 */
/* A custodian and its witnesses: honest, silent, lying, and those that have seen more. */
#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit/contradiction.h"
#include "base/file.h"
#include "codec/text.h"
#include "ledger/note.h"
#include "unit/daemon/witness_script.h"

/* A house whose witnesses have cosigned what there is. */
static struct script *witnessed_house(void)
{
    struct house *h = house_ready();
    struct script *s = script_new(h);
    house_close(h);
    script_begin(s);
    house_open(h);
    script_wait_quorum(s, house_size(h));
    return s;
}

static void end(struct script *s)
{
    house_free(s->house);
    script_free(s);
}

static void reopen(struct script *s)
{
    house_close(s->house);
    script_end(s);
    script_begin(s);
    house_open(s->house);
}

static void info(struct house *h, enum cty_service_state *ret_state, char ret_reason[512])
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_INFO};
    struct house_reply reply;
    assert_ok(house_call(h, &call, &reply));
    *ret_state = (enum cty_service_state)reply.result.info.state;
    snprintf(ret_reason, 512, "%.*s", (int)reply.result.info.reason.size, (const char *)reply.result.info.reason.data);
    house_reply_done(&reply);
}

static void wait_state(struct house *h, enum cty_service_state state)
{
    enum cty_service_state is = CTY_SERVING;
    char reason[512];
    for (int i = 0; i < 1000; i++) {
        info(h, &is, reason);
        if (is == state)
            return;
        house_pass(h, 1000);
        usleep(10000);
    }
    assert_string_equal(cty_service_state_names[is], cty_service_state_names[state]);
}

/* Which witnesses of the policy stand on a note. */
static uint64_t standing(const struct script *s, struct cty_bytes bytes, uint64_t from_s)
{
    struct cty_note note;
    uint64_t bad = 0;
    assert_ok(cty_note_parse(bytes, &note));
    assert_ok(cty_note_verify(&note, CTY_LITERAL(HOUSE_ORIGIN), cty_secret_key(s->house->log)));
    uint64_t stand = cty_witness_policy_cosigned(&s->trust.policy, &note, from_s, NULL, &bad);
    assert_int_equal(bad, 0);
    return stand;
}

/* --- honest ones ------------------------------------------------------------------------------------------- */

static void what_is_cosigned_is_served(void **state)
{
    struct script *s = witnessed_house();
    struct house *h = s->house;
    struct house_reply reply;
    struct cty_receipt receipt;
    (void)state;
    house_case(h, "acme/bot", "ping");
    uint64_t size = house_size(h);
    for (int i = 0; i < SCRIPT_WITNESSES; i++)
        script_wait(s, i, CTY_WITNESS_OK);
    script_wait_quorum(s, size);
    struct cty_rpc_call call = {.rpc = CTY_RPC_CHECKPOINT, .params.u.checkpoint = {.min_size = size, .witnessed = true}};
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(reply.result.checkpoint.size, size);
    assert_true(cty_witness_policy_met(&s->trust.policy, standing(s, reply.result.checkpoint.checkpoint, 0)));
    house_reply_done(&reply);
    struct cty_rpc_call proof = {.rpc = CTY_RPC_PROOF_INCLUSION,
                                 .params.u.proof_inclusion = {.index = size - 1, .witnessed = true}};
    assert_ok(house_call(h, &proof, &reply));
    assert_ok(cty_receipt_parse(reply.result.proof_inclusion.receipt, &receipt));
    assert_true(cty_witness_policy_met(&s->trust.policy, standing(s, receipt.note, 0)));
    house_reply_done(&reply);
    /* Of an early entry the first checkpoint that a quorum stands on. */
    proof.params.u.proof_inclusion.index = 0;
    assert_ok(house_call(h, &proof, &reply));
    house_reply_done(&reply);
    call.params.u.checkpoint.min_size = 0;
    call.params.u.checkpoint.witnessed = false;
    assert_ok(house_call(h, &call, &reply));
    assert_true(standing(s, reply.result.checkpoint.checkpoint, 0) != 0);
    house_reply_done(&reply);
    end(s);
}

static void beyond_what_is_cosigned_is_not_witnessed(void **state)
{
    struct script *s = witnessed_house();
    struct house *h = s->house;
    struct script_view view;
    struct house_reply reply;
    (void)state;
    script_tell(s, 0, SCRIPT_DEAD);
    script_tell(s, 1, SCRIPT_DEAD);
    uint64_t before = house_size(h);
    house_case(h, "acme/bot", "ping");
    uint64_t size = house_size(h);
    script_wait(s, 0, CTY_WITNESS_SILENT);
    script_wait(s, 1, CTY_WITNESS_SILENT);
    script_wait(s, 2, CTY_WITNESS_OK);
    struct cty_rpc_call call = {.rpc = CTY_RPC_CHECKPOINT, .params.u.checkpoint = {.min_size = size, .witnessed = true}};
    assert_refused(house_call(h, &call, &reply), "not-witnessed");
    house_reply_done(&reply);
    struct cty_rpc_call proof = {.rpc = CTY_RPC_PROOF_INCLUSION,
                                 .params.u.proof_inclusion = {.index = size - 1, .witnessed = true}};
    assert_refused(house_call(h, &proof, &reply), "not-witnessed");
    house_reply_done(&reply);
    proof.params.u.proof_inclusion.size = size;
    assert_refused(house_call(h, &proof, &reply), "bad-params");
    house_reply_done(&reply);
    script_look(s, 0, &view);
    assert_true(view.quorum_size <= before);
    assert_true(view.missing >= 2);
    /* They come back, and all goes on. */
    script_tell(s, 0, SCRIPT_COSIGN);
    script_tell(s, 1, SCRIPT_COSIGN);
    script_wait(s, 0, CTY_WITNESS_OK);
    script_wait(s, 1, CTY_WITNESS_OK);
    script_wait_quorum(s, size);
    assert_ok(house_call(h, &call, &reply));
    house_reply_done(&reply);
    end(s);
}

static void a_custodian_without_witnesses_says_so(void **state)
{
    struct house *h = house_ready();
    struct house_reply reply;
    (void)state;
    struct cty_rpc_call call = {.rpc = CTY_RPC_WITNESSES};
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(reply.result.witnesses.policy.size, 0);
    assert_int_equal(reply.result.witnesses.witnesses_count, 0);
    house_reply_done(&reply);
    struct cty_rpc_call checkpoint = {.rpc = CTY_RPC_CHECKPOINT, .params.u.checkpoint.witnessed = true};
    assert_refused(house_call(h, &checkpoint, &reply), "not-witnessed");
    house_reply_done(&reply);
    house_free(h);
}

/* --- answers of every kind --------------------------------------------------------------------------------- */

static void every_answer_is_judged(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
        enum cty_witness_state state;
    } answers[] = {
        {400, "", CTY_WITNESS_REFUSES},     {403, "", CTY_WITNESS_REFUSES},      {404, "", CTY_WITNESS_REFUSES},
        {418, "", CTY_WITNESS_REFUSES},     {301, "", CTY_WITNESS_REFUSES},      {200, "", CTY_WITNESS_REFUSES},
        {200, "garbage", CTY_WITNESS_REFUSES},
        {200, "\xe2\x80\x94 one.example.test/w AAAA\n", CTY_WITNESS_REFUSES},
        {429, "", CTY_WITNESS_BEHIND},      {503, "", CTY_WITNESS_BEHIND},       {500, "", CTY_WITNESS_SILENT},
        {409, "1000000\n", CTY_WITNESS_SILENT}, {409, "no number", CTY_WITNESS_CONFLICT}, {409, "", CTY_WITNESS_CONFLICT},
        {422, "", CTY_WITNESS_CONFLICT},
    };
    struct script *s = witnessed_house();
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        script_tell_status(s, 0, answers[i].status, answers[i].body, NULL);
        house_case(s->house, "acme/bot", "ping");
        script_wait(s, 0, answers[i].state);
        /* What it says stops nobody, and it may mend. */
        script_tell(s, 0, SCRIPT_COSIGN);
        script_wait(s, 0, CTY_WITNESS_OK);
    }
    end(s);
}

static void a_line_that_does_not_verify_is_not_kept(void **state)
{
    static const enum script_act acts[] = {SCRIPT_WRONG_KEY, SCRIPT_FORGED, SCRIPT_TIME_ZERO};
    struct script *s = witnessed_house();
    struct script_view view;
    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        script_tell(s, 0, acts[i]);
        house_case(s->house, "acme/bot", "ping");
        script_wait(s, 0, CTY_WITNESS_REFUSES);
        script_look(s, 0, &view);
        assert_true(view.size < house_size(s->house));
        assert_non_null(strstr(view.detail, "not good"));
        script_tell(s, 0, SCRIPT_COSIGN);
        script_wait(s, 0, CTY_WITNESS_OK);
    }
    end(s);
}

static void set_clock(struct script *s, int witness, int64_t clock_ms)
{
    pthread_mutex_lock(&s->lock);
    s->witnesses[witness].clock_ms = clock_ms;
    pthread_mutex_unlock(&s->lock);
}

static void a_clock_that_differs_is_told(void **state)
{
    struct script *s = witnessed_house();
    struct script_view view = {.size = 0};
    (void)state;
    script_wait(s, 0, CTY_WITNESS_OK);
    set_clock(s, 0, -(int64_t)HOUR_MS);
    house_case(s->house, "acme/bot", "ping");
    for (int i = 0; i < 1000 && !strstr(view.detail, "behind this machine's"); i++) {
        script_look(s, 0, &view);
        usleep(10000);
    }
    assert_non_null(strstr(view.detail, "behind this machine's"));
    assert_int_equal(view.state, CTY_WITNESS_OK);
    end(s);
}

static void a_witness_that_never_answers_is_given_up(void **state)
{
    struct script *s = witnessed_house();
    (void)state;
    script_tell(s, 0, SCRIPT_SILENT);
    house_case(s->house, "acme/bot", "ping");
    script_wait(s, 0, CTY_WITNESS_SILENT);
    script_tell(s, 0, SCRIPT_COSIGN);
    script_wait(s, 0, CTY_WITNESS_OK);
    end(s);
}

/* --- the courier ------------------------------------------------------------------------------------------- */

static void a_courier_that_comes_again_is_asked_again(void **state)
{
    struct script *s = witnessed_house();
    (void)state;
    script_tell(s, 0, SCRIPT_SILENT);
    house_case(s->house, "acme/bot", "ping");
    for (int i = 0; i < 1000 && script_asked(s, 0) < 2; i++)
        usleep(10000);
    script_tell(s, 0, SCRIPT_COSIGN);
    script_hello(s);
    script_wait(s, 0, CTY_WITNESS_OK);
    script_wait_quorum(s, house_size(s->house));
    end(s);
}

static void without_a_courier_appends_go_on(void **state)
{
    struct script *s = witnessed_house();
    struct script_view view;
    (void)state;
    script_end(s);
    script_wait(s, 0, CTY_WITNESS_SILENT);
    uint64_t size = house_size(s->house);
    house_case(s->house, "acme/bot", "ping");
    assert_true(house_size(s->house) > size);
    script_look(s, 2, &view);
    assert_int_equal(view.state, CTY_WITNESS_SILENT);
    assert_non_null(strstr(view.detail, "courier is gone"));
    end(s);
}

static void what_is_no_message_ends_the_courier_alone(void **state)
{
    struct script *s = witnessed_house();
    struct cty_courier_message bad = {.errand = CTY_ERRAND_ADD, .witness = CTY_WITNESS_NODES_MAX};
    (void)state;
    assert_ok(cty_courier_send(s->fd, &bad, cty_bytes_make(NULL, 0)));
    script_wait(s, 0, CTY_WITNESS_SILENT);
    house_case(s->house, "acme/bot", "ping");
    end(s);
}

static void messages_have_bounds(void **state)
{
    static uint8_t large[CTY_ERRAND_BODY_MAX + 1];
    int ends[2];
    struct cty_courier_message message = {.errand = CTY_ERRAND_ADD}, got;
    struct cty_buf body = CTY_BUF_INIT(CTY_ERRAND_BODY_MAX);
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_refused(cty_courier_send(ends[0], &message, cty_bytes_make(large, sizeof(large))), "too-large");
    assert_refused(cty_courier_receive(ends[1], &got, &body), "busy");
    assert_ok(cty_courier_send(ends[0], &message, cty_bytes_make(large, sizeof(large) - 1)));
    assert_ok(cty_courier_receive(ends[1], &got, &body));
    assert_int_equal(body.size, CTY_ERRAND_BODY_MAX);
    for (size_t size = 1; size < sizeof(message); size++) {
        assert_int_equal(send(ends[0], &message, size, 0), (ssize_t)size);
        assert_refused(cty_courier_receive(ends[1], &got, &body), "bad-rpc");
    }
    const struct cty_courier_message wrong[] = {{.errand = 3}, {.witness = 64}, {.err = CUSTODY_ERR_COUNT}, {.status = 1000}};
    for (size_t i = 0; i < 4; i++) {
        assert_ok(cty_courier_send(ends[0], &wrong[i], cty_bytes_make(NULL, 0)));
        assert_refused(cty_courier_receive(ends[1], &got, &body), "bad-rpc");
    }
    close(ends[0]);
    assert_refused(cty_courier_receive(ends[1], &got, &body), "unreachable");
    close(ends[1]);
    cty_buf_done(&body);
}

/* Without memory one message is lost, and not all that follow. */
static void a_message_without_room_is_dropped(void **state)
{
    int ends[2];
    struct cty_courier_message message = {.errand = CTY_ERRAND_ADD, .number = 1}, got = {.number = 0};
    struct cty_buf none = CTY_BUF_INIT(1), body = CTY_BUF_INIT(CTY_ERRAND_BODY_MAX);
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_refused(cty_courier_receive(ends[1], &got, &none), "busy");
    assert_ok(cty_courier_send(ends[0], &message, CTY_LITERAL("the first")));
    message.number = 2;
    assert_ok(cty_courier_send(ends[0], &message, CTY_LITERAL("the second")));
    assert_refused(cty_courier_receive(ends[1], &got, &none), "no-memory");
    assert_ok(cty_courier_receive(ends[1], &got, &body));
    assert_int_equal(got.number, 2);
    assert_bytes_text(cty_buf_bytes(&body), "the second");
    close(ends[0]);
    assert_refused(cty_courier_receive(ends[1], &got, &none), "unreachable");
    close(ends[1]);
    cty_buf_done(&none);
    cty_buf_done(&body);
}

/* --- the start --------------------------------------------------------------------------------------------- */

static custody_err try_submit(struct house *h)
{
    struct draft d;
    struct house_reply reply;
    house_request(h, &d, "acme/bot", "ping", "{}");
    custody_err err = draft_submit(h, &d, &reply);
    house_reply_done(&reply);
    return err;
}

static void nothing_is_appended_before_the_witnesses_are_heard(void **state)
{
    struct script *s = witnessed_house();
    enum cty_service_state is;
    char reason[512];
    (void)state;
    uint64_t size = house_size(s->house);
    script_tell(s, 0, SCRIPT_DEAD);
    script_tell(s, 1, SCRIPT_SILENT);
    script_tell(s, 2, SCRIPT_COSIGN);
    reopen(s);
    script_wait(s, 2, CTY_WITNESS_OK);
    info(s->house, &is, reason);
    assert_int_equal(is, CTY_SERVING_WITNESSES);
    assert_non_null(strstr(reason, "one, two"));
    assert_refused(try_submit(s->house), "witnesses-unknown");
    assert_int_equal(house_size(s->house), size);
    /* Two of three were heard: the one that is silent is no quorum. */
    script_tell(s, 0, SCRIPT_COSIGN);
    script_wait(s, 0, CTY_WITNESS_OK);
    wait_state(s->house, CTY_SERVING);
    assert_ok(try_submit(s->house));
    end(s);
}

static void an_unsigned_claim_is_silence(void **state)
{
    struct script *s = witnessed_house();
    (void)state;
    script_tell_status(s, 0, 409, "1000000\n", "");
    script_tell_status(s, 1, 409, "1000000\n", "custody.example/house\n1000000\nAAAA\n\n\xe2\x80\x94 x AAAAAAAA\n");
    reopen(s);
    script_wait(s, 0, CTY_WITNESS_SILENT);
    script_wait(s, 1, CTY_WITNESS_SILENT);
    assert_refused(try_submit(s->house), "witnesses-unknown");
    script_tell(s, 1, SCRIPT_COSIGN);
    script_wait(s, 1, CTY_WITNESS_OK);
    wait_state(s->house, CTY_SERVING);
    assert_ok(try_submit(s->house));
    end(s);
}

/* As somebody would repeat it who kept it from before a database was put back: good, and from before the start. */
static void an_older_cosignature_ends_no_start(void **state)
{
    struct script *s = witnessed_house();
    (void)state;
    for (int i = 0; i < SCRIPT_WITNESSES; i++)
        set_clock(s, i, -60000);
    reopen(s);
    script_wait(s, 0, CTY_WITNESS_SILENT);
    script_wait(s, 1, CTY_WITNESS_SILENT);
    assert_refused(try_submit(s->house), "witnesses-unknown");
    set_clock(s, 0, 2000);
    set_clock(s, 1, 2000);
    script_wait(s, 0, CTY_WITNESS_OK);
    script_wait(s, 1, CTY_WITNESS_OK);
    wait_state(s->house, CTY_SERVING);
    assert_ok(try_submit(s->house));
    end(s);
}

static void a_person_may_say_how_much_there_is(void **state)
{
    struct script *s = witnessed_house();
    uint64_t size = house_size(s->house);
    (void)state;
    for (int i = 0; i < SCRIPT_WITNESSES; i++)
        script_tell(s, i, SCRIPT_DEAD);
    reopen(s);
    assert_refused(try_submit(s->house), "witnesses-unknown");
    s->house->restored = &size;
    reopen(s);
    wait_state(s->house, CTY_SERVING);
    assert_ok(try_submit(s->house));
    end(s);
}

/* A promise excuses who says nothing, not who says that there is more. */
static void a_promise_is_no_answer_to_a_claim(void **state)
{
    struct script *s = witnessed_house();
    uint64_t size = house_size(s->house);
    (void)state;
    script_tell_status(s, 0, 409, "1000000\n", "");
    script_tell_status(s, 1, 409, "1000000\n", "");
    script_tell(s, 2, SCRIPT_DEAD);
    s->house->restored = &size;
    reopen(s);
    for (int i = 0; i < SCRIPT_WITNESSES; i++)
        script_wait(s, i, CTY_WITNESS_SILENT);
    assert_refused(try_submit(s->house), "witnesses-unknown");
    script_tell(s, 1, SCRIPT_COSIGN);
    wait_state(s->house, CTY_SERVING);
    assert_ok(try_submit(s->house));
    end(s);
}

static char *sign_by(const struct cty_secret *log, uint64_t size, const char *what)
{
    struct cty_buf text = CTY_BUF_INIT(1024), note = CTY_BUF_INIT(4096);
    struct cty_checkpoint c = {CTY_LITERAL(HOUSE_ORIGIN), size, cty_sha256(cty_bytes_text(what))};
    assert_ok(cty_checkpoint_format(&c, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), c.origin, log, &note));
    char *copy = cty_bytes_dup_text(cty_buf_bytes(&note));
    cty_buf_done(&text);
    cty_buf_done(&note);
    return copy;
}

/* A note that the log's key signed. */
static char *sign_note(struct house *h, uint64_t size, const char *what)
{
    return sign_by(h->log, size, what);
}

/* What is kept convicts by itself. */
static void judge_contradiction(const struct script *s, const char *path)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    struct cty_contradiction_report report;
    for (int i = 0; i < 1000 && text.size == 0; i++) { /* it may just be written */
        usleep(i ? 10000 : 0);
        assert_ok(cty_file_read(path, &text, NULL));
    }
    assert_ok(cty_contradiction_verify(cty_buf_bytes(&text), &s->trust, &report, NULL));
    assert_true(cty_contradiction_convicts(report.kind));
    cty_buf_done(&text);
}

static unsigned contradictions(const struct script *s)
{
    const struct house *h = s->house;
    unsigned count = 0;
    DIR *folder = opendir(h->folder);
    assert_non_null(folder);
    for (struct dirent *one = readdir(folder); one; one = readdir(folder)) {
        if (!strstr(one->d_name, ".contradiction-") || strstr(one->d_name, ".new."))
            continue;
        char path[400];
        count++;
        snprintf(path, sizeof(path), "%s/%s", h->folder, one->d_name);
        judge_contradiction(s, path);
        unlink(path);
    }
    closedir(folder);
    return count;
}

static void more_than_there_is_ends_appends(void **state)
{
    struct script *s = witnessed_house();
    enum cty_service_state is;
    char reason[512];
    (void)state;
    uint64_t size = house_size(s->house);
    char *more = sign_note(s->house, size + 5, "more");
    char body[32];
    snprintf(body, sizeof(body), "%llu\n", (unsigned long long)size + 5);
    script_tell_status(s, 0, 409, body, more);
    reopen(s);
    wait_state(s->house, CTY_SERVING_BEHIND);
    info(s->house, &is, reason);
    assert_non_null(strstr(reason, "one has a checkpoint of"));
    script_wait(s, 1, CTY_WITNESS_OK);
    script_wait(s, 2, CTY_WITNESS_OK);
    assert_refused(try_submit(s->house), "ledger-behind");
    assert_int_equal(house_size(s->house), size);
    assert_int_equal(contradictions(s), 0);
    end(s);
    free(more);
}

static void another_tree_ends_appends_and_is_kept(void **state)
{
    static const int below[] = {0, 2};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct script *s = witnessed_house();
        char *other = sign_note(s->house, house_size(s->house) - (uint64_t)below[i], "another tree");
        script_tell_status(s, 0, 422, "", other);
        reopen(s);
        wait_state(s->house, CTY_SERVING_BEHIND);
        assert_refused(try_submit(s->house), "ledger-behind");
        script_wait(s, 0, CTY_WITNESS_CONFLICT);
        unsigned kept = 0;
        for (int k = 0; k < 1000 && kept == 0; k++, kept = contradictions(s))
            usleep(10000);
        assert_int_equal(kept, 1);
        end(s);
        free(other);
    }
}

static void rotate_log(struct house *h)
{
    static const char *const signers[] = {"operator/ada", "operator/otto", "new", NULL};
    struct cty_secret *fresh = h->next_log;
    struct draft d;
    h->fresh = fresh;
    draft_begin(h, &d, CTY_CUSTODIAN_ROTATE, signers);
    d.st.u.custodian_rotate.which = CTY_CUSTODIAN_LOG;
    house_put_vkey(&d, fresh, &d.st.u.custodian_rotate.key);
    house_stands(h, &d);
    h->next_log = h->log; /* it is held still */
    h->log = fresh;
}

/* Old keys get stolen; the custodian holds both of them still. */
static void a_key_that_was_replaced_ends_nothing(void **state)
{
    struct script *s = witnessed_house();
    struct house *h = s->house;
    enum cty_service_state is;
    char reason[512];
    (void)state;
    uint64_t before = house_size(h);
    h->next_log = house_make_key(HOUSE_ORIGIN, "second log");
    reopen(s);
    wait_state(h, CTY_SERVING);
    rotate_log(h);
    uint64_t size = house_size(h);
    char *more = sign_by(h->next_log, size + 5, "more");
    char *other = sign_by(h->next_log, size, "another tree");
    char *then = sign_by(h->next_log, before, "another tree of its time");
    const char *const shown[] = {more, other};
    for (size_t i = 0; i < CTY_COUNT_OF(shown); i++) {
        script_tell_status(s, 0, 422, "", shown[i]);
        reopen(s);
        script_wait(s, 0, CTY_WITNESS_CONFLICT);
        for (unsigned looked = 0; looked == 0; usleep(1000)) {
            pthread_mutex_lock(&s->lock);
            looked = s->witnesses[0].looked;
            pthread_mutex_unlock(&s->lock);
        }
        wait_state(h, CTY_SERVING);
        assert_ok(try_submit(h));
        info(h, &is, reason);
        assert_int_equal(is, CTY_SERVING);
        assert_int_equal(contradictions(s), 0);
    }
    /* What it signed in its time counts as ever. */
    script_tell_status(s, 0, 422, "", then);
    reopen(s);
    wait_state(h, CTY_SERVING_BEHIND);
    end(s);
    free(more);
    free(other);
    free(then);
}

/* --- deadlines --------------------------------------------------------------------------------------------- */

static void an_expiry_waits_for_its_witnesses(void **state)
{
    struct script *s = witnessed_house();
    struct house *h = s->house;
    struct cty_parsed_entry parsed = {0};
    struct house_reply reply;
    (void)state;
    house_case(h, "acme/bot", "ping");
    script_wait_quorum(s, house_size(h));
    uint64_t size = house_size(h);
    struct cty_hash session = house_session(h, "acme/a");
    script_tell(s, 0, SCRIPT_DEAD);
    script_tell(s, 1, SCRIPT_DEAD);
    uint64_t before = cty_clock_wall(&h->clock);
    house_pass(h, 2 * HOUR_MS);
    script_wait(s, 1, CTY_WITNESS_SILENT);
    assert_int_equal(house_size(h), size);
    script_tell(s, 1, SCRIPT_COSIGN);
    script_wait(s, 1, CTY_WITNESS_OK);
    house_wait_size(h, size + 1);
    (void)session;
    session = house_session(h, "acme/a");
    struct cty_rpc_call call = {.rpc = CTY_RPC_ENTRIES, .params.session = {session, true}, .params.u.entries = {.from = size, .count = 1}};
    assert_ok(house_call(h, &call, &reply));
    const struct cty_json_node *list = cty_rpc_list(&reply.message, &reply.answer, "entries");
    struct cty_buf text = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX), note = CTY_BUF_INIT(CTY_STATEMENT_NOTE_BYTES_MAX);
    assert_ok(cty_json_string(cty_json_first(&reply.message.json, list), &text));
    assert_ok(cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL));
    assert_int_equal(parsed.signed_statement.statement.type, CTY_EXPIRY);
    assert_ok(cty_base64_parse(parsed.signed_statement.statement.u.expiry.witnessed, &note));
    uint64_t deadline_s = (before + HOUR_MS) / 1000;
    assert_true(cty_witness_policy_met(&s->trust.policy, standing(s, cty_buf_bytes(&note), deadline_s)));
    cty_parsed_entry_done(&parsed);
    cty_buf_done(&text);
    cty_buf_done(&note);
    house_reply_done(&reply);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cosigned_is_served),
        cmocka_unit_test(beyond_what_is_cosigned_is_not_witnessed),
        cmocka_unit_test(a_custodian_without_witnesses_says_so),
        cmocka_unit_test(every_answer_is_judged),
        cmocka_unit_test(a_line_that_does_not_verify_is_not_kept),
        cmocka_unit_test(a_clock_that_differs_is_told),
        cmocka_unit_test(a_witness_that_never_answers_is_given_up),
        cmocka_unit_test(a_courier_that_comes_again_is_asked_again),
        cmocka_unit_test(without_a_courier_appends_go_on),
        cmocka_unit_test(what_is_no_message_ends_the_courier_alone),
        cmocka_unit_test(messages_have_bounds),
        cmocka_unit_test(a_message_without_room_is_dropped),
        cmocka_unit_test(nothing_is_appended_before_the_witnesses_are_heard),
        cmocka_unit_test(an_unsigned_claim_is_silence),
        cmocka_unit_test(an_older_cosignature_ends_no_start),
        cmocka_unit_test(a_person_may_say_how_much_there_is),
        cmocka_unit_test(a_promise_is_no_answer_to_a_claim),
        cmocka_unit_test(more_than_there_is_ends_appends),
        cmocka_unit_test(another_tree_ends_appends_and_is_kept),
        cmocka_unit_test(a_key_that_was_replaced_ends_nothing),
        cmocka_unit_test(an_expiry_waits_for_its_witnesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

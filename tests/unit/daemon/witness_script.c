/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/daemon/witness_script.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec/text.h"
#include "ledger/witness_text.h"

static const char *const names[SCRIPT_WITNESSES] = {"one", "two", "three"};

/* --- what a witness does ----------------------------------------------------------------------------------- */

/* The custodian may have ended meanwhile. */
static void send_back(struct script *s, const struct cty_courier_message *message, struct cty_bytes body)
{
    custody_err err = cty_courier_send(s->fd, message, body);
    if (err != CUSTODY_E_UNREACHABLE)
        assert_ok(err);
}

static void answer(struct script *s, struct cty_courier_message *message, unsigned status, struct cty_bytes body)
{
    message->status = status;
    message->err = CUSTODY_OK;
    send_back(s, message, body);
}

static void answer_size(struct script *s, struct cty_courier_message *message, uint64_t size)
{
    struct cty_buf text = CTY_BUF_INIT(64);
    assert_ok(cty_witness_size_format(size, &text));
    answer(s, message, 409, cty_buf_bytes(&text));
    cty_buf_done(&text);
}

static uint64_t time_of(const struct script *s, const struct script_witness *w)
{
    return (cty_clock_wall(&s->house->clock) + (uint64_t)w->clock_ms) / 1000;
}

static void answer_line(struct script *s, struct cty_courier_message *message, struct script_witness *w,
                        struct cty_bytes text)
{
    struct cty_buf line = CTY_BUF_INIT(4096);
    struct cty_secret *other = NULL;
    uint8_t seed[32] = {7};
    assert_ok(cty_secret_from_seed(cty_secret_name(w->secret), seed, &other));
    bool stranger = w->act == SCRIPT_WRONG_KEY;
    struct cty_bytes signed_text = w->act == SCRIPT_FORGED ? CTY_LITERAL("another\n1\ntext\n") : text;
    assert_ok(cty_note_cosign(signed_text, cty_secret_name(w->secret), stranger ? other : w->secret, time_of(s, w), &line));
    answer(s, message, 200, cty_buf_bytes(&line));
    cty_secret_free(other);
    cty_buf_done(&line);
}

/* A cosignature with the time 0, which no signer of ours makes: the eight bytes of another one are overwritten. */
static void answer_time_zero(struct script *s, struct cty_courier_message *message, struct script_witness *w,
                             struct cty_bytes text)
{
    struct cty_buf line = CTY_BUF_INIT(4096), field = CTY_BUF_INIT(256), out = CTY_BUF_INIT(4096);
    assert_ok(cty_note_cosign(text, cty_secret_name(w->secret), w->secret, 1, &line));
    size_t at = strlen("\xe2\x80\x94 ") + cty_secret_name(w->secret).size + 1;
    assert_ok(cty_base64_parse(cty_bytes_make(line.data + at, line.size - at - 1), &field));
    memset(field.data + 4, 0, 8);
    assert_ok(cty_buf_put(&out, line.data, at));
    assert_ok(cty_base64_format(cty_buf_bytes(&field), &out));
    assert_ok(cty_buf_put_text(&out, "\n"));
    answer(s, message, 200, cty_buf_bytes(&out));
    cty_buf_done(&line);
    cty_buf_done(&field);
    cty_buf_done(&out);
}

static void cosign(struct script *s, struct cty_courier_message *message, struct script_witness *w, struct cty_bytes body)
{
    struct cty_add_checkpoint add;
    struct cty_note note;
    struct cty_checkpoint c;
    assert_ok(cty_add_checkpoint_parse(body, &add));
    assert_ok(cty_note_parse(add.note, &note));
    assert_int_equal(note.count, 1); /* the log's own signature and no other */
    assert_ok(cty_checkpoint_parse(note.text, &c));
    if (add.old_size != w->size) {
        answer_size(s, message, w->size);
        return;
    }
    if (cty_tree_consistency_verify(w->size, &w->root, c.size, &c.root, &add.proof) != CUSTODY_OK) {
        answer(s, message, 422, cty_bytes_make(NULL, 0));
        return;
    }
    w->size = c.size;
    w->root = c.root;
    cty_buf_clear(&w->note);
    assert_ok(cty_buf_put_bytes(&w->note, add.note));
    answer_line(s, message, w, note.text);
}

static struct cty_bytes text_of(struct cty_bytes body)
{
    struct cty_add_checkpoint add;
    struct cty_note note;
    assert_ok(cty_add_checkpoint_parse(body, &add));
    assert_ok(cty_note_parse(add.note, &note));
    return note.text;
}

static void act(struct script *s, struct cty_courier_message *message, struct script_witness *w, struct cty_bytes body)
{
    switch (w->act) {
    case SCRIPT_COSIGN:
        cosign(s, message, w, body);
        return;
    case SCRIPT_SILENT:
        return;
    case SCRIPT_DEAD:
        message->err = CUSTODY_E_UNREACHABLE;
        send_back(s, message, CTY_LITERAL("nobody there"));
        return;
    case SCRIPT_STATUS:
        answer(s, message, w->status, cty_bytes_text(w->body));
        return;
    case SCRIPT_WRONG_KEY:
    case SCRIPT_FORGED:
        answer_line(s, message, w, text_of(body));
        return;
    case SCRIPT_TIME_ZERO:
        answer_time_zero(s, message, w, text_of(body));
        return;
    }
}

static void show(struct script *s, struct cty_courier_message *message, struct script_witness *w)
{
    struct cty_bytes note = w->shown ? cty_bytes_text(w->shown) : cty_buf_bytes(&w->note);
    w->looked++;
    answer(s, message, note.size ? 200 : 404, note);
}

static void take(struct script *s, struct cty_courier_message *message, struct cty_bytes body)
{
    struct script_witness *w = NULL;
    pthread_mutex_lock(&s->lock);
    assert_true(message->witness < SCRIPT_WITNESSES);
    w = &s->witnesses[message->witness];
    if (message->errand == CTY_ERRAND_ADD) {
        w->asked++;
        act(s, message, w, body);
    } else {
        show(s, message, w);
    }
    pthread_mutex_unlock(&s->lock);
}

static void *run(void *context)
{
    struct script *s = context;
    struct cty_buf body = CTY_BUF_INIT(CTY_ERRAND_BODY_MAX);
    struct cty_courier_message message;
    struct pollfd file = {.fd = s->fd, .events = POLLIN};
    custody_err err = CUSTODY_OK;
    while (err != CUSTODY_E_UNREACHABLE) {
        err = cty_courier_receive(s->fd, &message, &body);
        if (err == CUSTODY_OK)
            take(s, &message, cty_buf_bytes(&body));
        else if (err == CUSTODY_E_BUSY)
            (void)poll(&file, 1, -1);
    }
    cty_buf_done(&body);
    return NULL;
}

/* --- life -------------------------------------------------------------------------------------------------- */

static void put_policy(struct script *s, struct cty_buf *out)
{
    struct cty_buf vkey = CTY_BUF_INIT(1024);
    assert_ok(cty_vkey_format(CTY_LITERAL(HOUSE_ORIGIN), CTY_KEY_ED25519, cty_secret_key(s->house->log), &vkey));
    assert_ok(cty_buf_putf(out, "log %.*s\n", (int)vkey.size, (const char *)vkey.data));
    for (int i = 0; i < SCRIPT_WITNESSES; i++) {
        cty_buf_clear(&vkey);
        assert_ok(cty_vkey_format(cty_secret_name(s->witnesses[i].secret), CTY_KEY_COSIGNATURE,
                                  cty_secret_key(s->witnesses[i].secret), &vkey));
        assert_ok(cty_buf_putf(out, "witness %s %.*s https://%s.example.test\n", names[i], (int)vkey.size,
                               (const char *)vkey.data, names[i]));
    }
    assert_ok(cty_buf_put_text(out, "group most 2 one two three\nquorum most\n"));
    cty_buf_done(&vkey);
}

struct script *script_new(struct house *h)
{
    struct script *s = calloc(1, sizeof(*s));
    struct cty_buf policy = CTY_BUF_INIT(8192);
    custody_error error = {0};
    assert_non_null(s);
    s->house = h;
    s->fd = -1;
    assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
    for (int i = 0; i < SCRIPT_WITNESSES; i++) {
        char name[64], seed[64];
        snprintf(name, sizeof(name), "%s.example.test/w", names[i]);
        snprintf(seed, sizeof(seed), "witness %s", names[i]);
        s->witnesses[i].secret = house_make_key(name, seed);
        s->witnesses[i].root = cty_tree_empty_root();
        s->witnesses[i].note = CTY_BUF_INIT(8192);
    }
    put_policy(s, &policy);
    assert_ok(cty_trust_parse(cty_buf_bytes(&policy), &s->trust, &error));
    cty_buf_done(&policy);
    h->trust = &s->trust;
    return s;
}

void script_begin(struct script *s)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    s->house->courier = ends[0];
    s->fd = ends[1];
    script_hello(s);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
    s->running = true;
}

void script_hello(struct script *s)
{
    const struct cty_courier_message hello = {.errand = CTY_ERRAND_HELLO};
    assert_ok(cty_courier_send(s->fd, &hello, cty_bytes_make(NULL, 0)));
}

void script_end(struct script *s)
{
    if (!s->running)
        return;
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    s->running = false;
}

void script_free(struct script *s)
{
    script_end(s);
    for (int i = 0; i < SCRIPT_WITNESSES; i++) {
        cty_secret_free(s->witnesses[i].secret);
        cty_buf_done(&s->witnesses[i].note);
    }
    cty_trust_done(&s->trust);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* --- telling and looking ----------------------------------------------------------------------------------- */

void script_tell_status(struct script *s, int witness, unsigned status, const char *body, const char *shown)
{
    pthread_mutex_lock(&s->lock);
    s->witnesses[witness].act = SCRIPT_STATUS;
    s->witnesses[witness].status = status;
    s->witnesses[witness].body = body;
    s->witnesses[witness].shown = shown;
    pthread_mutex_unlock(&s->lock);
}

void script_tell(struct script *s, int witness, enum script_act act)
{
    pthread_mutex_lock(&s->lock);
    s->witnesses[witness].act = act;
    s->witnesses[witness].shown = NULL;
    pthread_mutex_unlock(&s->lock);
}

unsigned script_asked(struct script *s, int witness)
{
    pthread_mutex_lock(&s->lock);
    unsigned asked = s->witnesses[witness].asked;
    pthread_mutex_unlock(&s->lock);
    return asked;
}

void script_look(struct script *s, int witness, struct script_view *ret_view)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_WITNESSES};
    struct house_reply reply;
    assert_ok(house_call(s->house, &call, &reply));
    assert_int_equal(reply.result.witnesses.witnesses_count, SCRIPT_WITNESSES);
    const struct cty_rpc_witness *w = &reply.result.witnesses.witnesses[witness];
    *ret_view = (struct script_view){.state = (enum cty_witness_state)w->state, .size = w->size, .time = w->time,
                                     .quorum_size = reply.result.witnesses.quorum_size,
                                     .missing = reply.result.witnesses.missing_count};
    snprintf(ret_view->detail, sizeof(ret_view->detail), "%.*s", (int)w->detail.size, (const char *)w->detail.data);
    house_reply_done(&reply);
}

void script_wait(struct script *s, int witness, enum cty_witness_state state)
{
    struct script_view view = {.size = 0};
    for (int i = 0; i < 1000; i++) {
        script_look(s, witness, &view);
        if (view.state == state)
            return;
        house_pass(s->house, 1000); /* what waits for a pause needs not to wait for the test */
        usleep(10000);
    }
    assert_string_equal(cty_witness_state_names[view.state], cty_witness_state_names[state]);
}

void script_wait_quorum(struct script *s, uint64_t size)
{
    struct script_view view = {.size = 0};
    for (int i = 0; i < 1000; i++) {
        script_look(s, 0, &view);
        if (view.quorum_size >= size)
            return;
        usleep(10000);
    }
    assert_true(view.quorum_size >= size);
}

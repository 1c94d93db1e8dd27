/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handoffs, rotations and TLS doors that can't stand, over real doors: each is refused with its own code, nothing is
 * written, the next one is served; and beside each stands the one that goes through.
 */
#include "scene.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "client/handoff.h"
#include "client/rotate.h"
#include "net/certificate.h"

static struct scene *the_scene;
static char tls_url[64], plain_url[64];
static unsigned tls_port;

/* ---- a case, and what is said in it ---- */

static struct cty_hash new_case(struct scene *scene)
{
    struct cty_hash case_id;
    draft_ask(scene->agent, "one", &case_id);
    return case_id;
}

/* What the test needed is in the ledger: from here on nothing may be. */
static void mark(struct scene *scene)
{
    books_count(scene->house, &scene->before);
}

/* An offer of all that the holder has, for a day. The receiver's name is borrowed. */
static void draft_offer(struct scene *scene, struct cty_client *holder, const struct cty_hash *case_id, const char *to)
{
    struct cty_judgement *judgement = draft_judge(holder, case_id);
    const struct cty_case *record = &judgement->record;
    struct cty_offer *offer = &scene->draft->statement.u.offer;
    draft_join(holder, CTY_OFFER, judgement, scene->draft);
    offer->to = cty_bytes_text(to);
    offer->expires = record->expires;
    offer->hop = record->hops_count + 1;
    if (record->hops_count)
        offer->previous = (struct cty_opt_hash){record->hops[record->hops_count - 1].offer, true};
    offer->scope = (struct cty_scope){.present = true, .depth = 4, .expires = record->expires, .releases = 2};
    offer->scope.services.names[offer->scope.services.count++] = CTY_LITERAL("billing");
    offer->scope.actions.names[offer->scope.actions.count++] = CTY_LITERAL("one");
    cty_judgement_free(judgement);
}

static void send_draft(struct scene *scene)
{
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "ok");
}

static void offer_ok(struct scene *scene, const struct cty_hash *case_id, const char *to)
{
    draft_offer(scene, scene->agent, case_id, to);
    send_draft(scene);
}

static void draft_accept(struct scene *scene, struct cty_client *receiver, const struct cty_hash *case_id,
                         const struct cty_hash *offer)
{
    struct cty_judgement *judgement = draft_judge(receiver, case_id);
    draft_join(receiver, CTY_ACCEPT, judgement, scene->draft);
    scene->draft->statement.u.accept.offer = offer ? *offer : judgement->record.offer.digest;
    cty_judgement_free(judgement);
}

/* ---- receivers ---- */

static const char *offer_to(struct scene *scene, const struct cty_hash *case_id, const char *to)
{
    draft_offer(scene, scene->agent, case_id, to);
    return wire_submit_draft(&scene->wire, scene->draft);
}

static void an_offer_to_nobody(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    mark(scene);
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "globex/nobody"), "wrong-receiver");
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "nowhere"), "wrong-receiver");
    assert_string_equal(offer_to(scene, &case_id, "globex/agent"), "ok");
    mark(scene);
}

static void an_offer_to_one_who_was_revoked(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    mark(scene);
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "acme/gone"), "wrong-receiver");
    assert_string_equal(offer_to(scene, &case_id, "globex"), "ok");
    mark(scene);
}

static void an_offer_to_one_whose_time_has_passed_or_not_come(void **state)
{
    struct scene *scene = *state;
    house_agent_for(scene->house, "globex/brief", 400);
    struct cty_hash case_id = new_case(scene);
    pause_ms(450);
    mark(scene);
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "globex/brief"), "wrong-receiver");
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "acme/later"), "wrong-receiver");
    assert_string_equal(offer_to(scene, &case_id, "globex/agent"), "ok");
    mark(scene);
}

static void an_offer_to_a_person_or_to_oneself(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    mark(scene);
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "acme/pat"), "wrong-receiver");
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "acme/agent"), "delegation-loop");
}

/* ---- answers ---- */

static void an_acceptance_of_what_was_withdrawn(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    offer_ok(scene, &case_id, "globex/agent");
    must(cty_agent_withdraw(scene->agent, &case_id, (struct cty_bytes){NULL, 0}, NULL, &house_error));
    mark(scene);
    draft_accept(scene, scene->rival, &case_id, NULL);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "state-illegal");
    assert_int_equal(cty_agent_accept(scene->rival, &case_id, NULL, NULL, NULL), CUSTODY_E_STATE_ILLEGAL);
    offer_ok(scene, &case_id, "globex/agent");
    draft_accept(scene, scene->rival, &case_id, NULL);
    send_draft(scene);
    mark(scene);
}

static void an_acceptance_of_what_was_declined_or_is_too_old(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    offer_ok(scene, &case_id, "globex/agent");
    must(cty_agent_decline(scene->rival, &case_id, NULL, (struct cty_bytes){NULL, 0}, NULL, &house_error));
    mark(scene);
    draft_accept(scene, scene->rival, &case_id, NULL);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "state-illegal");
    draft_offer(scene, scene->agent, &case_id, "globex/agent");
    scene->draft->statement.u.offer.expires = wall_ms() + 100;
    send_draft(scene);
    pause_ms(120);
    mark(scene);
    draft_accept(scene, scene->rival, &case_id, NULL);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "offer-expired");
}

static void a_second_acceptance(void **state)
{
    struct scene *scene = *state;
    struct cty_client *second = house_client(scene->house, "globex/second");
    struct cty_hash case_id = new_case(scene);
    offer_ok(scene, &case_id, "globex");
    struct cty_judgement *judgement = draft_judge(scene->rival, &case_id);
    struct cty_hash offer = judgement->record.offer.digest;
    cty_judgement_free(judgement);
    draft_accept(scene, scene->rival, &case_id, &offer);
    send_draft(scene);
    mark(scene);
    draft_accept(scene, second, &case_id, &offer);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "double-acceptance");
    draft_accept(scene, scene->rival, &case_id, &offer);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "double-acceptance");
    assert_int_equal(cty_agent_accept(second, &case_id, &offer, NULL, NULL), CUSTODY_E_DOUBLE_ACCEPTANCE);
    cty_client_close(second);
}

static void an_acceptance_of_what_is_anothers(void **state)
{
    struct scene *scene = *state;
    struct cty_client *second = house_client(scene->house, "globex/second");
    struct cty_hash case_id = new_case(scene);
    offer_ok(scene, &case_id, "globex/agent");
    mark(scene);
    draft_accept(scene, second, &case_id, NULL);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "wrong-receiver");
    draft_offer(scene, scene->agent, &case_id, "globex/second");
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "double-offer");
    cty_client_close(second);
}

/* ---- scope ---- */

enum dimension { DEPTH, EXPIRES, RELEASES, SERVICES, ACTIONS, DIMENSIONS };

static void widen(struct cty_scope *scope, enum dimension dimension)
{
    switch (dimension) {
    case DEPTH:
        scope->depth += 1;
        return;
    case EXPIRES:
        scope->expires += 1;
        return;
    case RELEASES:
        scope->releases += 1;
        return;
    case SERVICES:
        scope->services.names[0] = CTY_LITERAL("bill*");
        return;
    case ACTIONS:
        scope->actions.names[scope->actions.count++] = CTY_LITERAL("two");
        return;
    case DIMENSIONS:
        return;
    }
}

/* The refusal names the hop, and in what it is wider. */
static void check_wider(struct scene *scene, enum dimension dimension)
{
    static const char *const names[] = {"depth", "expires", "releases", "services", "actions"};
    char expected[64], detail[128];
    const char *code = wire_submit_draft(&scene->wire, scene->draft);
    struct cty_bytes said = scene->wire.answer.failure.detail;
    snprintf(expected, sizeof(expected), "hop 2 widens %s", names[dimension]);
    snprintf(detail, sizeof(detail), "%.*s", (int)said.size, said.size ? (const char *)said.data : "");
    assert_refused_unmoved(scene, code, "pass-wider");
    assert_string_equal(detail, expected);
}

static void a_widened_scope(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    offer_ok(scene, &case_id, "globex/agent");
    draft_accept(scene, scene->rival, &case_id, NULL);
    send_draft(scene);
    mark(scene);
    for (enum dimension i = 0; i < DIMENSIONS; i++) {
        draft_offer(scene, scene->rival, &case_id, "globex/second");
        scene->draft->statement.u.offer.scope.depth = 3;
        widen(&scene->draft->statement.u.offer.scope, i);
        check_wider(scene, i);
    }
    draft_offer(scene, scene->rival, &case_id, "globex/second");
    scene->draft->statement.u.offer.scope.depth = 3;
    send_draft(scene);
    mark(scene);
}

static void a_hop_too_many(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    draft_offer(scene, scene->agent, &case_id, "globex/agent");
    scene->draft->statement.u.offer.scope.depth = 0;
    send_draft(scene);
    draft_accept(scene, scene->rival, &case_id, NULL);
    send_draft(scene);
    mark(scene);
    draft_offer(scene, scene->rival, &case_id, "globex/second");
    scene->draft->statement.u.offer.scope.depth = 0;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "pass-too-deep");
}

static void a_hop_that_does_not_follow(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    offer_ok(scene, &case_id, "globex/agent");
    draft_accept(scene, scene->rival, &case_id, NULL);
    send_draft(scene);
    mark(scene);
    draft_offer(scene, scene->rival, &case_id, "globex/second");
    scene->draft->statement.u.offer.hop = 3;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "hop-order");
    draft_offer(scene, scene->rival, &case_id, "globex/second");
    scene->draft->statement.u.offer.previous.present = false;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "hop-missing");
}

static void obligations_left_behind(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    const struct cty_offering offering = {.to = CTY_LITERAL("globex/agent"), .obligations = CTY_LITERAL("tell them")};
    must(cty_agent_offer(scene->agent, &case_id, &offering, NULL, &house_error));
    mark(scene);
    draft_accept(scene, scene->rival, &case_id, NULL);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "obligation-dropped");
    must(cty_agent_accept(scene->rival, &case_id, NULL, NULL, &house_error));
    mark(scene);
}

/* ---- finalise ---- */

static void what_comes_after_the_end_of_handing_on(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id = new_case(scene);
    must(cty_agent_finalise(scene->agent, &case_id, (struct cty_bytes){NULL, 0}, NULL, &house_error));
    mark(scene);
    assert_refused_unmoved(scene, offer_to(scene, &case_id, "globex/agent"), "after-final");
    struct cty_judgement *judgement = draft_judge(scene->agent, &case_id);
    draft_join(scene->agent, CTY_FINALISE, judgement, scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "after-final");
    cty_judgement_free(judgement);
    draft_approve(scene->pat, &case_id);
    must(cty_agent_consume(scene->agent, &case_id, &judgement, &(struct cty_bytes){NULL, 0}, NULL, &house_error));
    cty_judgement_free(judgement);
    mark(scene);
}

/* ---- rotations ---- */

/* The lines that a draft borrows, until the next. */
static struct cty_new_key lines;

static void begin_rotation(struct scene *scene, const struct cty_secret *next)
{
    cty_new_key_done(&lines);
    must(cty_client_begin(scene->agent, CTY_ACTOR_ROTATE, scene->draft, &house_error));
    must(cty_draft_new_key(scene->draft, next, &lines));
}

static void a_rotation_signed_by_one_key_alone(void **state)
{
    struct scene *scene = *state;
    struct cty_secret *next = NULL;
    must(cty_secret_new(CTY_LITERAL("acme/agent"), &next));
    mark(scene);
    begin_rotation(scene, next);
    scene->draft->statement.signers_count = 1;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "wrong-signer");
    begin_rotation(scene, next);
    scene->draft->secrets[1] = scene->draft->secrets[0];
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "signature-invalid");
    begin_rotation(scene, next);
    scene->draft->secrets[0] = next;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "signature-invalid");
    cty_secret_free(next);
}

static void one_signature_for_two_keys(void **state)
{
    struct scene *scene = *state;
    struct cty_secret *next = NULL;
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX), envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    must(cty_secret_new(CTY_LITERAL("acme/agent"), &next));
    mark(scene);
    begin_rotation(scene, next);
    must(cty_statement_encode(&scene->draft->statement, &body));
    must(cty_envelope_sign(cty_bytes_text(cty_type_payload_type(CTY_ACTOR_ROTATE)), cty_buf_bytes(&body),
                           scene->draft->secrets, 1, &envelope));
    assert_refused_unmoved(scene, wire_submit(&scene->wire, cty_buf_bytes(&envelope), NULL, 0), "bad-envelope");
    cty_buf_done(&body);
    cty_buf_done(&envelope);
    cty_secret_free(next);
}

static void draft_clerk_rotation(struct scene *scene, const struct cty_secret *next)
{
    struct house *h = scene->house;
    cty_new_key_done(&lines);
    must(cty_client_begin(h->door, CTY_CUSTODIAN_ROTATE, scene->draft, &house_error));
    must(cty_draft_sign(scene->draft, house_secret(h, "operator/ada")));
    must(cty_draft_sign(scene->draft, house_secret(h, "operator/otto")));
    must(cty_draft_new_key(scene->draft, next, &lines));
    scene->draft->statement.u.custodian_rotate.which = CTY_CUSTODIAN_CLERK;
}

static void a_custodians_rotation_without_enough_signers(void **state)
{
    struct scene *scene = *state;
    struct cty_draft *draft = scene->draft;
    struct cty_secret *next = NULL;
    must(cty_secret_new(CTY_LITERAL(HOUSE_ORIGIN "/clerk"), &next));
    mark(scene);
    draft_clerk_rotation(scene, next);
    draft->statement.signers_count = 2;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, draft), "wrong-signer");
    draft_clerk_rotation(scene, next);
    draft->statement.signers[1] = draft->statement.signers[2];
    draft->secrets[1] = draft->secrets[2];
    draft->statement.signers_count = 2;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, draft), "under-threshold");
    draft_clerk_rotation(scene, next);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, draft), "key-not-held");
    cty_secret_free(next);
}

/* The twin: both keys sign, the old one signs nothing more, and the new one does. */
static void a_rotation_signed_by_both(void **state)
{
    struct scene *scene = *state;
    struct cty_secret *next = NULL;
    must(cty_secret_new(CTY_LITERAL("globex/second"), &next));
    struct cty_client *client = house_client(scene->house, "globex/second");
    must(cty_actor_rotate_key(client, next, CTY_LITERAL("as every year"), NULL, &house_error));
    mark(scene);
    draft_request(client, "one", scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "signature-invalid");
    draft_request(client, "one", scene->draft);
    scene->draft->secrets[0] = next;
    send_draft(scene);
    mark(scene);
    cty_client_close(client);
    cty_secret_free(next);
}

/* ---- doors ---- */

static custody_err dial(struct scene *scene, const char *url, const struct cty_net_pin *pin, custody_error *error)
{
    struct cty_client *client = NULL;
    struct cty_answer answer = {0};
    const struct cty_client_config config = {.url = url, .pin = pin, .trust = &scene->house->trust,
                                             .secret = house_secret(scene->house, "acme/agent"), .patience_ms = 1500};
    CTY_TRY(cty_client_open(&config, &client, error));
    custody_err err = cty_client_call(client, CTY_RPC_INFO, NULL, &answer, error);
    cty_answer_done(&answer);
    cty_client_close(client);
    return err;
}

/* Another certificate for the same address, as one makes it who would stand in the door's place. */
static void make_another(struct cty_buf *certificate)
{
    static const char *const hosts[] = {"127.0.0.1"};
    struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    const struct cty_certificate_order order = {hosts, 1, wall_ms() - 1000, wall_ms() + 3600000};
    must(cty_certificate_make(&order, certificate, &key, &house_error));
    cty_buf_done(&key);
}

static void a_certificate_that_is_not_the_one_pinned(void **state)
{
    struct scene *scene = *state;
    custody_error error = {0};
    struct cty_buf other = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    make_another(&other);
    const struct cty_net_pin wrong = {.certificate = cty_buf_bytes(&other)};
    const struct cty_net_pin right = {.certificate = cty_bytes_text(scene->house->certificate)};
    mark(scene);
    assert_refused_unmoved(scene, custody_err_name(dial(scene, tls_url, &wrong, &error)), "certificate");
    assert_refused_unmoved(scene, custody_err_name(dial(scene, tls_url, NULL, &error)), "certificate");
    assert_refused_unmoved(scene, custody_err_name(dial(scene, tls_url, &right, &error)), "ok");
    cty_buf_done(&other);
}

static void plain_text_on_a_tls_door_and_the_other_way_round(void **state)
{
    struct scene *scene = *state;
    custody_error error = {0};
    char as_plain[96], as_tls[96];
    const struct cty_net_pin right = {.certificate = cty_bytes_text(scene->house->certificate)};
    snprintf(as_plain, sizeof(as_plain), "tcp://%s", tls_url + strlen("tls+tcp://"));
    snprintf(as_tls, sizeof(as_tls), "tls+tcp://%s", plain_url + strlen("tcp://"));
    mark(scene);
    assert_refused_unmoved(scene, custody_err_name(dial(scene, as_plain, NULL, &error)), "tls");
    assert_refused_unmoved(scene, custody_err_name(dial(scene, as_tls, &right, &error)), "tls");
    assert_refused_unmoved(scene, custody_err_name(dial(scene, plain_url, NULL, &error)), "ok");
}

/* Whatever is written to the port: the door goes on. */
static void bytes_that_are_no_handshake(void **state)
{
    struct scene *scene = *state;
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "\x15\x03\x03", "{}"};
    const struct cty_net_pin right = {.certificate = cty_bytes_text(scene->house->certificate)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    custody_error error = {0};
    address.sin_port = htons((uint16_t)tls_port);
    mark(scene);
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(send(fd, texts[i], strlen(texts[i]), MSG_NOSIGNAL), strlen(texts[i]));
        assert_int_equal(close(fd), 0);
    }
    assert_refused_unmoved(scene, custody_err_name(dial(scene, tls_url, &right, &error)), "ok");
}

static void the_ledger_is_whole(void **state)
{
    struct scene *scene = *state;
    struct books books = {.size = 0};
    books_open(&books, scene->house);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
}

static int set_up(void **state)
{
    tls_port = 20000 + (unsigned)getpid() % 20000;
    snprintf(tls_url, sizeof(tls_url), "tls+tcp://127.0.0.1:%u", tls_port);
    snprintf(plain_url, sizeof(plain_url), "tcp://127.0.0.1:%u", tls_port + 20000);
    const struct house_config config = {.doors = {tls_url, plain_url}, .hosts = {"127.0.0.1"}};
    *state = the_scene = scene_new(&config);
    house_agent(the_scene->house, "globex/second");
    books_count(the_scene->house, &the_scene->before);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_to_nobody),
        cmocka_unit_test(an_offer_to_one_who_was_revoked),
        cmocka_unit_test(an_offer_to_one_whose_time_has_passed_or_not_come),
        cmocka_unit_test(an_offer_to_a_person_or_to_oneself),
        cmocka_unit_test(an_acceptance_of_what_was_withdrawn),
        cmocka_unit_test(an_acceptance_of_what_was_declined_or_is_too_old),
        cmocka_unit_test(a_second_acceptance),
        cmocka_unit_test(an_acceptance_of_what_is_anothers),
        cmocka_unit_test(a_widened_scope),
        cmocka_unit_test(a_hop_too_many),
        cmocka_unit_test(a_hop_that_does_not_follow),
        cmocka_unit_test(obligations_left_behind),
        cmocka_unit_test(what_comes_after_the_end_of_handing_on),
        cmocka_unit_test(a_rotation_signed_by_one_key_alone),
        cmocka_unit_test(one_signature_for_two_keys),
        cmocka_unit_test(a_custodians_rotation_without_enough_signers),
        cmocka_unit_test(a_rotation_signed_by_both),
        cmocka_unit_test(a_certificate_that_is_not_the_one_pinned),
        cmocka_unit_test(plain_text_on_a_tls_door_and_the_other_way_round),
        cmocka_unit_test(bytes_that_are_no_handshake),
        cmocka_unit_test(the_ledger_is_whole),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    cty_new_key_done(&lines);
    scene_free(the_scene, failed == 0);
    return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A case from request to outcome, through the door, with every receipt checked. */
#include "unit/daemon/house.h"

static custody_err send(struct house *h, struct draft *d, uint32_t follow)
{
    struct house_reply reply;
    custody_err err = draft_submit(h, d, &reply);
    if (err == CUSTODY_OK) {
        assert_false(reply.result.submit.duplicate);
        assert_int_equal(reply.result.submit.follow_count, follow);
        assert_int_equal(house_check_receipts(h, &reply), house_size(h));
    }
    house_reply_done(&reply);
    return err;
}

static void a_case_goes_from_request_to_outcome(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{\"amount\":\"12.50\"}");
    struct house_reply reply;
    assert_ok(draft_submit(h, &d, &reply));
    struct cty_hash case_id = reply.result.submit.digest;
    assert_int_equal(reply.result.submit.follow_count, 1);
    house_check_receipts(h, &reply);
    house_reply_done(&reply);
    assert_case_state(h, &case_id, "HELD");
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    assert_ok(send(h, &d, 1));
    assert_case_state(h, &case_id, "RELEASED");
    house_consume(h, &d, &case_id, "acme/bot");
    assert_ok(send(h, &d, 0));
    assert_case_state(h, &case_id, "CONSUMED");
    house_consume(h, &d, &case_id, "acme/bot");
    assert_refused(send(h, &d, 0), "double-consume");
    house_outcome(h, &d, &case_id, "acme/bot");
    assert_ok(send(h, &d, 0));
    assert_case_state(h, &case_id, "FULFILLED");
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_goes_from_request_to_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two agents of libcustody before the custodian itself in this process. acme/bot asks and holds; acme/pal is handed things.
 * The custodian has threads of its own, so what it allocates is not what fails.
 */
#ifndef CTY_TESTS_NOMEM_OFFICE_H
#define CTY_TESTS_NOMEM_OFFICE_H

#include <custody/custody.h>

#include "unit/daemon/house.h"

struct desk_agent {
    char key_path[128];
    char state[128];
    custody_key *key;
    custody_client *client; /* for what a test needs beside; the walks open their own */
};

struct office {
    struct house *h;
    char trust[128];
    struct desk_agent bot, pal;
};

void office_open(struct office *office);
void office_close(struct office *office);

/* Another client of the agent's, with the state file "<state>.new", which is removed first. */
custody_err office_client(const struct office *office, const struct desk_agent *agent, custody_client **ret_client);
custody_bytes office_bytes(const char *text);
custody_request office_request(const char *action);
/* Steps that must work. */
custody_case_id office_case(struct office *office, const char *action);
void office_decide(struct office *office, const custody_case_id *id);
void office_patch(struct office *office, const custody_case_id *id);
void office_ask(struct office *office, const custody_case_id *id);
void office_offer(struct office *office, const custody_case_id *id);
custody_decision *office_look(const struct desk_agent *agent, const custody_case_id *id);

#endif

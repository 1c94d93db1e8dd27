/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the offline verifier as people run them, and what they print. */
#ifndef CTY_TESTS_E2E_TOOL_H
#define CTY_TESTS_E2E_TOOL_H

#include "house.h"

#define TOOL_ARGUMENTS_MAX 40u

/*
 * Runs the program ("src/cli/custody", or as the variable says) with these words, which end with NULL. The exit status;
 * *ret_text is what it printed, the caller's (free).
 */
int tool_run(const char *folder, const char *variable, const char *program, const char *const *words, char **ret_text);
/* `custody WORDS... --url --trust --key --state -` of the house, as this actor. */
int tool_custody(struct house *h, const char *actor, const char *const *words, char **ret_text);
/* `custody-verify --trust trust.json FILE`, which needs no custodian. */
int tool_verify(const char *folder, const char *file, char **ret_text);
/* Whether the printed report says this of the claim: "holds", "fails (pass-wider, entry 7)". */
bool tool_claims(const char *text, const char *claim, const char *says);
/* Adds a text under a heading to the file that CUSTODY_SHOW_TEXT names, for people; nothing where it is not set. */
void tool_show(const char *heading, const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Names that nobody has: which of those that somebody has was meant. Thread rule: one thread. */
#ifndef CTY_CLI_NEAR_H
#define CTY_CLI_NEAR_H

#include "cli/cli.h"

/* Names that are longer are like no other. */
#define CTY_NEAR_BYTES_MAX 160u

/* How many letters must be added, left out or changed to make one of the other; SIZE_MAX where one is too long. */
size_t cty_near_distance(struct cty_bytes one, struct cty_bytes other);

/*
 * An actor's or party's name was refused with `code`: says as what to do next which enrolled name is like it, or who is
 * enrolled. Nothing is said where that name is enrolled, or the custodian doesn't tell; that is no error of its own.
 */
void cty_near_tell(struct cty_cli *cli, struct cty_client *client, struct cty_bytes name, custody_err code);

#endif

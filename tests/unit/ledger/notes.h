/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint, its log's line and a witness's line, made by another implementation from fixed seeds. */
#ifndef CTY_TESTS_LEDGER_NOTES_H
#define CTY_TESTS_LEDGER_NOTES_H

#include "ledger/note.h"
#include "unit/support.h"

#define ORIGIN "custody.example.com/refunds"
#define WITNESS "witness.example.com/w1"
#define WITNESS_TIME_S 1679315147u
#define EM_DASH "\xe2\x80\x94"

#define CHECKPOINT_SIZE 20852163u
#define CHECKPOINT_TEXT ORIGIN "\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
#define LOG_LINE                                                                                       \
    EM_DASH " " ORIGIN " /9T2QkxKWSxCLPSXDAhfq3eF9vH6P0LKxS5Wl6VnVg0BCiSEUQqrw9RJ3fs8rPQNuuI95aFBUw9a" \
                       "VBBMBEYE3tUqWg4=\n"
#define WITNESS_LINE                                                                                   \
    EM_DASH " " WITNESS " di7QmwAAAABkGFDLIr1VE2EYKOPOBOHOcfeAHzAYx7osTLVePllRU+1CP5twQpfoRpJFPOfhuyja" \
                        "BekEcKNZcC4VAG9leTEWYu8IBw==\n"
/* A line by somebody unknown, as C2SP allows. */
#define FOREIGN_LINE EM_DASH " other.example/x AQIDBAU=\n"

/* Group setup and teardown: readies src/crypto and makes both pairs, from 32 bytes of 0x11 and of 0x22. */
int notes_setup(void **state);
int notes_teardown(void **state);
extern struct cty_secret *log_secret;
extern struct cty_secret *witness_secret;

/* A line with the key id of (name, type, key), `size` bytes after it, and `name`. The caller empties *out. */
void line_put(const char *name, enum cty_key_type type, const struct cty_secret *secret, const void *bytes,
              size_t size, struct cty_buf *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal as a screen: raw keys in, whole frames out (spec/cli.md, "Watching"). One for each process.
 *
 *     open --> draw, key, draw, key ... --> close
 *                 | Ctrl-Z, an editor: left, and entered again
 *
 * However the process ends but for SIGKILL, the terminal gets back what it had: by close, by exit, by the handlers of
 * the signals that end or stop a process. Uses VT100 sequences alone, and those that every successor of it knows.
 * Thread rule: one thread; the handlers run there.
 */
#ifndef CTY_CLI_SCREEN_H
#define CTY_CLI_SCREEN_H

#include "base/bytes.h"

/* What a key is; others are the bytes that they send. */
enum cty_press {
    CTY_KEY_NONE = 0, /* the time was up, or the screen must be drawn again */
    CTY_KEY_TAB = 9,
    CTY_KEY_ENTER = 10,
    CTY_KEY_ESCAPE = 27,
    CTY_KEY_BACKSPACE = 127,
    CTY_KEY_UP = 256,
    CTY_KEY_DOWN,
    CTY_KEY_PAGE_UP,
    CTY_KEY_PAGE_DOWN,
    CTY_KEY_HOME,
    CTY_KEY_END,
    CTY_KEY_OTHER,  /* a sequence that means nothing here */
    CTY_KEY_GONE    /* the terminal has hung up, or a signal asks for the end: cty_screen_ended tells */
};

/* Whether these two files are a terminal that can be a screen; a terminal of the kind "dumb" can't. */
bool cty_screen_can(int in, int out);
/* Enters the screen. Errors: IO. */
CUSTODY_MUST_USE custody_err cty_screen_open(int in, int out, custody_error *error);
void cty_screen_close(void);
/* Leaves it for another program that uses the terminal, whose signals are then its own, and comes back. */
void cty_screen_leave(void);
void cty_screen_enter(void);

void cty_screen_size(size_t *ret_rows, size_t *ret_columns);
/* Waits for a key. */
int cty_screen_key(uint64_t timeout_ms);
/* Forgets the keys that were pressed and not read yet: before a question, so that none of them answers it. */
void cty_screen_forget(void);
/* The signal that asks for the end: SIGINT, SIGTERM, SIGHUP; 0 for none. */
int cty_screen_ended(void);

/* A frame in the making: rows from the top, each cut at the right edge; the rest is empty. */
struct cty_frame {
    struct cty_buf bytes;
    size_t rows, columns;
    size_t row; /* the next */
};
void cty_frame_begin(struct cty_frame *frame);
/* Adds a row of our own or escaped text; `loud` draws it in reverse. Rows beyond the last are left out. */
CUSTODY_MUST_USE custody_err cty_frame_row(struct cty_frame *frame, struct cty_bytes text, bool loud);
/* Goes on with this row. */
void cty_frame_go(struct cty_frame *frame, size_t row);
/* Draws it and empties it. Errors: IO. */
CUSTODY_MUST_USE custody_err cty_frame_draw(struct cty_frame *frame, custody_error *error);

#endif

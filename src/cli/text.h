/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text on a terminal: payloads, reasons, names. Nothing of it may move the cursor, hide, or read in another
 * order than it stands, so what does is written out (spec/cli.md, "Foreign text").
 */
#ifndef CTY_CLI_TEXT_H
#define CTY_CLI_TEXT_H

#include "base/bytes.h"
#include "crypto/hash.h"

/*
 * Appends text as one line. What glyph.h calls hidden, too many marks upon one character, long runs of spaces, breaks of
 * lines and bytes that are not UTF-8 come out as \u{202e} or \xff, a backslash as two: no two texts look the same that
 * way. Put it last on its line.
 */
CUSTODY_MUST_USE custody_err cty_text_show(struct cty_bytes text, struct cty_buf *out);
/*
 * Whether something had to be written out that would fool a reader: all of the above but backslashes and breaks of lines.
 * Of a text; of JSON in RFC 8785 form; of a content that should be JSON.
 */
bool cty_text_is_suspicious(struct cty_bytes text);
bool cty_json_is_suspicious(struct cty_bytes json);
bool cty_document_is_suspicious(struct cty_bytes content);

/* Brings a JSON text, as a payload may be, into RFC 8785 form. Errors: those of cty_json_scan. */
CUSTODY_MUST_USE custody_err cty_json_tidy(struct cty_bytes text, struct cty_buf *out, custody_error *error);
/*
 * Appends a content of any bytes that should be a JSON document: laid out in lines, or where it is none, with the
 * reason, as a line of text. What a content holds is committed to, and checked by nobody but its readers.
 */
CUSTODY_MUST_USE custody_err cty_document_show(struct cty_bytes content, unsigned indent, struct cty_buf *out);
/*
 * Appends the RFC 8785 text of a JSON value, laid out in lines behind `indent` spaces and without a last newline. What
 * would be written out above comes as JSON's own \u202e, so that it is still the same JSON.
 */
CUSTODY_MUST_USE custody_err cty_json_show(struct cty_bytes json, unsigned indent, struct cty_buf *out);
/*
 * The same in one line. Letters that are written from right to left are written out too, as they would turn what follows
 * on the line.
 */
CUSTODY_MUST_USE custody_err cty_json_show_line(struct cty_bytes json, struct cty_buf *out);

/* "2026-01-02T03:04:05.678Z" of milliseconds since 1970; "never" for 0. */
#define CTY_TIME_TEXT_SIZE 48
void cty_time_show(uint64_t time_ms, char ret_text[CTY_TIME_TEXT_SIZE]);
/* "3m", "2h 5m", "4d 1h": the two largest units, rounded down; "0s". */
void cty_period_show(uint64_t period_ms, char ret_text[CTY_TIME_TEXT_SIZE]);

/*
 * "1500ms", "30s", "5m", "2h", "7d" or a number of milliseconds. Errors: USAGE, also for 0 and above
 * CTY_PERIOD_MS_MAX.
 */
CUSTODY_MUST_USE custody_err cty_period_parse(const char *text, uint64_t *ret_ms, custody_error *error);
/* "2026-01-02T03:04:05Z" (with or without milliseconds), or milliseconds since 1970. Errors: USAGE. */
CUSTODY_MUST_USE custody_err cty_time_parse(const char *text, uint64_t *ret_ms, custody_error *error);

/* Eight groups of four hex digits of SHA-256 over the line: for two people who compare keys by voice. */
#define CTY_FINGERPRINT_SIZE 40
void cty_fingerprint(struct cty_bytes line, char ret_text[CTY_FINGERPRINT_SIZE]);

#endif

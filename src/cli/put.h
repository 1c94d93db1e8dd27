/* SPDX-License-Identifier: Apache-2.0 */
/* Short forms for what commands print: labelled lines for people, members for --json. */
#ifndef CTY_CLI_PUT_H
#define CTY_CLI_PUT_H

#include "cli/cli.h"
#include "codec/json.h"
#include "escrow/record.h"

/* "label        text\n", the text escaped as foreign. */
CUSTODY_MUST_USE custody_err cty_put_line(struct cty_buf *out, const char *label, struct cty_bytes text);
CUSTODY_MUST_USE custody_err cty_put_linef(struct cty_buf *out, const char *label, const char *format, ...)
    CUSTODY_PRINTF(3, 4);
CUSTODY_MUST_USE custody_err cty_put_line_hash(struct cty_buf *out, const char *label, const struct cty_hash *hash);
CUSTODY_MUST_USE custody_err cty_put_line_time(struct cty_buf *out, const char *label, uint64_t time_ms);
/* "label        a, b, c\n"; nothing for an empty list. */
CUSTODY_MUST_USE custody_err cty_put_line_names(struct cty_buf *out, const char *label, const struct cty_names *names);

/* One member each; names in sorted order, as the writer asks. Errors stay in jw. */
void cty_member(struct cty_jw *jw, const char *name, struct cty_bytes value);
void cty_member_text(struct cty_jw *jw, const char *name, const char *value);
void cty_member_u64(struct cty_jw *jw, const char *name, uint64_t value);
void cty_member_bool(struct cty_jw *jw, const char *name, bool value);
void cty_member_hash(struct cty_jw *jw, const char *name, const struct cty_hash *hash);
void cty_member_raw(struct cty_jw *jw, const char *name, struct cty_bytes json);
/* Left out where it is absent. */
void cty_member_opt_hash(struct cty_jw *jw, const char *name, const struct cty_opt_hash *hash);
void cty_member_names(struct cty_jw *jw, const char *name, const struct cty_names *names);
/* Any bytes as a string: what isn't UTF-8 without NUL goes out in base64, under "<name>_base64". */
void cty_member_content(struct cty_jw *jw, const char *name, const char *name_base64, struct cty_bytes content);
/* A content as JSON, in RFC 8785 form; in base64 under the other name where it is no JSON document. */
CUSTODY_MUST_USE custody_err cty_member_document(struct cty_jw *jw, const char *name, const char *name_base64,
                                                 struct cty_bytes content);

/* Begins the page's object, and ends it with a newline. */
void cty_page_begin(struct cty_cli *cli, struct cty_jw *jw);
CUSTODY_MUST_USE custody_err cty_page_end(struct cty_cli *cli, struct cty_jw *jw);

#endif

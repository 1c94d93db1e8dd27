/* SPDX-License-Identifier: Apache-2.0 */
#include "trusts.h"

struct stage *stage;
struct cty_secret *witnesses[4];

int trusts_begin(void **state)
{
    static const char *const names[] = {"witness.example/w0", "witness.example/w1", "witness.example/w2",
                                        "witness.example/w3"};
    (void)state;
    stage = stage_new();
    for (size_t i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        struct cty_hash seed = cty_sha256(cty_bytes_text(names[i]));
        assert_ok(cty_secret_from_seed(cty_bytes_text(names[i]), seed.bytes, &witnesses[i]));
    }
    stage_refund(stage);
    return 0;
}

int trusts_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(witnesses); i++)
        cty_secret_free(witnesses[i]);
    stage_free(stage);
    return 0;
}

void put_key(const struct cty_secret *secret, enum cty_key_type type, struct cty_buf *out)
{
    assert_ok(cty_vkey_format(cty_secret_name(secret), type, cty_secret_key(secret), out));
}

void expand(const char *text, struct cty_buf *out)
{
    while (*text) {
        const char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
        if (!close) {
            assert_ok(cty_buf_put_text(out, text));
            return;
        }
        char mark[64];
        snprintf(mark, sizeof(mark), "%.*s", (int)(close - open - 1), open + 1);
        assert_ok(cty_buf_put(out, text, (size_t)(open - text)));
        if (strcmp(mark, "logw") == 0)
            assert_ok(cty_vkey_format(CTY_LITERAL("witness.example/log"), CTY_KEY_COSIGNATURE,
                                      cty_secret_key(world_secret(stage->w, "log")), out));
        else if (strcmp(mark, "x") == 0)
            assert_ok(cty_vkey_format(CTY_LITERAL(WORLD_ORIGIN), CTY_KEY_X25519,
                                      cty_secret_sealing_key(world_secret(stage->w, "log")), out));
        else if (mark[0] >= '0' && mark[0] <= '3')
            put_key(witnesses[mark[0] - '0'], mark[1] == 'e' ? CTY_KEY_ED25519 : CTY_KEY_COSIGNATURE, out);
        else
            put_key(world_secret(stage->w, mark), CTY_KEY_ED25519, out);
        text = close + 1;
    }
}

custody_err parse_trust(const char *text, struct cty_trust *trust, custody_error *error)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    memset(error, 0, sizeof(*error));
    expand(text, &out);
    custody_err err = cty_trust_parse(cty_buf_bytes(&out), trust, error);
    cty_buf_done(&out);
    return err;
}

custody_err parse_policy(const char *lines, struct cty_trust *trust, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(1 << 20);
    assert_ok(cty_buf_put_text(&text, "{\"custody_trust\":1,\"policy\":\""));
    for (; *lines; lines++) {
        if (*lines == '\n' || *lines == '\t')
            assert_ok(cty_buf_put_text(&text, *lines == '\n' ? "\\n" : "\\t"));
        else
            assert_ok(cty_buf_put_byte(&text, (uint8_t)*lines));
    }
    assert_ok(cty_buf_put_text(&text, "\"}"));
    custody_err err = parse_trust(cty_buf_text(&text), trust, error);
    cty_buf_done(&text);
    return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <custody/types.h>

#include "codec/text.h"
#include "crypto/hash.h"

_Static_assert(sizeof(custody_case_id) == CTY_HASH_SIZE, "a case is named by a hash");
_Static_assert(CUSTODY_CASE_ID_TEXT_SIZE == 2 * CTY_HASH_SIZE + 1, "in hex, with a NUL");

custody_err custody_case_id_parse(const char *text, custody_case_id *ret_id)
{
    custody_case_id id;
    CTY_TRY(cty_hex_parse_into(cty_bytes_text(text), id.bytes, sizeof(id.bytes)));
    *ret_id = id;
    return CUSTODY_OK;
}

void custody_case_id_format(const custody_case_id *id, char *ret_text)
{
    cty_hex_write(id->bytes, sizeof(id->bytes), ret_text);
}

const char *custody_version_get(void)
{
    return CUSTODY_VERSION;
}

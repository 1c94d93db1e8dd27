/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories whose every choice is a byte of the input: who does what in which case, when, and what is wrong with it.
 * The fold and the plain judge must agree on each step, and the invariants of each case hold after it.
 */
#include "plain/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t none;
    if (size <= INPUT_BYTES_MAX)
        (void)history_play_bytes(size ? data : &none, size);
    return 0;
}

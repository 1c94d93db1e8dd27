/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/verify.h"

int main(int argc, char **argv)
{
    return cty_verify_run(argc, argv, stdout, stderr);
}

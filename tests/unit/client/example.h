/* SPDX-License-Identifier: Apache-2.0 */
/* tests/contract/example_agent.c, with its main under this name. */
#ifndef CTY_TESTS_CLIENT_EXAMPLE_H
#define CTY_TESTS_CLIENT_EXAMPLE_H

int example_main(int argc, char **argv);

#endif

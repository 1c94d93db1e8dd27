# SPDX-License-Identifier: Apache-2.0
"""The agent in spec/client.md is the one that is compiled."""

import os

import contract
from contract import TOP, expect_equal


def _read(name):
    with open(os.path.join(TOP, name), encoding='utf-8') as file:
        return file.read()


def the_example_is_the_program():
    blocks = _read('spec/client.md').split('```c\n')[1:]
    expect_equal([block.split('```')[0] for block in blocks], [_read('tests/contract/example_agent.c')])


contract.main([the_example_is_the_program])

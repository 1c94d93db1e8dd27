# SPDX-License-Identifier: Apache-2.0
"""The agents in spec/client.md and README.md are those that are compiled."""

import os

import contract
from contract import TOP, expect_equal


def _read(name):
    with open(os.path.join(TOP, name), encoding='utf-8') as file:
        return file.read()


def the_example_is_the_program():
    blocks = _read('spec/client.md').split('```c\n')[1:]
    expect_equal([block.split('```')[0] for block in blocks], [_read('tests/contract/example_agent.c')])


def the_readme_shows_a_part_of_the_program():
    blocks = [block.split('```')[0] for block in _read('README.md').split('```c\n')[1:]]
    expect_equal([block for block in blocks if block in _read('tests/contract/example_fulfilment.c')], blocks)
    expect_equal(len(blocks), 1)


contract.main([the_example_is_the_program, the_readme_shows_a_part_of_the_program])

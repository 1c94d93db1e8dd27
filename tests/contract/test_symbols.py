# SPDX-License-Identifier: Apache-2.0
"""
libcustody exports exactly the symbols that libcustody.symbols lists, and these are the functions that the
public headers mark. Arguments: the shared library, the list.
"""

import re
import sys

import contract
import csource
import elf
from contract import Tree, expect_equal, expect_none

LIBRARY, LIST = sys.argv[1:3]


def _listed():
    with open(LIST, encoding='utf-8') as file:
        return [line.strip() for line in file if line.strip() and not line.startswith('#')]


def _declared():
    """The functions that the public headers export."""
    tree = Tree()
    names = []
    for header in tree.under('include/custody', ends='.h'):
        code = csource.without_comments(tree.text(header))
        for declaration in re.findall(r'\bCUSTODY_EXPORT\b([^;{]*)[;{]', code):
            name = re.search(r'\b(custody_\w+)\s*\(', declaration)
            if name:
                names.append(name.group(1))
    return sorted(names)


def the_list_is_sorted_and_single():
    expect_equal(_listed(), sorted(set(_listed())))


def every_symbol_carries_our_name():
    expect_none([name for name in _listed() if not name.startswith('custody_')], 'symbols without custody_')


def the_library_exports_the_list():
    exported, listed = set(elf.exported(LIBRARY)), set(_listed())
    expect_none([f'+ {name}' for name in sorted(exported - listed)]
                + [f'- {name}' for name in sorted(listed - exported)],
                'exported and not listed (+), listed and not exported (-)')


def the_headers_declare_the_list():
    declared, listed = set(_declared()), set(_listed())
    expect_none([f'+ {name}' for name in sorted(declared - listed)]
                + [f'- {name}' for name in sorted(listed - declared)],
                'declared and not listed (+), listed and not declared (-)')


contract.main([
    the_list_is_sorted_and_single,
    every_symbol_carries_our_name,
    the_library_exports_the_list,
    the_headers_declare_the_list,
])

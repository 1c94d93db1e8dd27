# SPDX-License-Identifier: Apache-2.0
"""The include rules hold, and the checker finds each kind of breach."""

import os
import tempfile

import contract
import layers
from contract import Tree, expect_equal, expect_none


def _planted(files):
    """The breaches in a tree of these files."""
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        return layers.violations(Tree(top))


def _expect_breach(name, line, why, others=()):
    """Exactly one breach, in this file and with this reason."""
    files = {other: '' for other in others}
    files[name] = '/* a head */\n' + line + '\n'
    found = _planted(files)
    expect_equal(len(found), 1)
    expect_equal(found[0].startswith(f'{name}:2: '), True)
    if why not in found[0]:
        raise AssertionError(f'expected {why!r} in {found[0]!r}')


def _expect_none(name, line, others=()):
    files = {other: '' for other in others}
    files[name] = line + '\n'
    expect_none(_planted(files), 'taken for a breach')


def the_tree_keeps_the_rules():
    expect_none(layers.violations(Tree()), 'forbidden includes')


def every_layer_is_in_the_table():
    tree = Tree()
    folders = {name.split('/')[1] for name in tree.under('src') if name.count('/') >= 2}
    expect_none(sorted(folders - set(layers.MAY_INCLUDE)), 'folders without a rule')


def the_table_has_no_circle():
    for folder, allowed in layers.MAY_INCLUDE.items():
        expect_none([one for one in allowed if folder in layers.MAY_INCLUDE[one]], f'{folder} and back')


def a_layer_above_is_found():
    _expect_breach('src/base/a.c', '#include "crypto/key.h"', 'may not include crypto', ['src/crypto/key.h'])
    _expect_breach('src/escrow/a.c', '#include "store/store.h"', 'may not include store', ['src/store/store.h'])
    _expect_breach('src/cli/a.c', '#include "daemon/door.h"', 'may not include daemon', ['src/daemon/door.h'])
    _expect_none('src/cli/a.c', '#include "store/store.h"', ['src/store/store.h'])


def a_layer_beside_is_found():
    _expect_breach('src/crypto/a.c', '#include "codec/text.h"', 'may not include codec', ['src/codec/text.h'])
    _expect_breach('src/escrow/a.c', '#include "ledger/tree.h"', 'may not include ledger', ['src/ledger/tree.h'])
    _expect_none('src/ledger/a.c', '#include "codec/text.h"', ['src/codec/text.h'])


def a_third_party_header_away_from_home_is_found():
    for header, home in [('sodium.h', 'crypto'), ('sodium/utils.h', 'crypto'), ('nettle/sha2.h', 'crypto'), ('jansson.h', 'codec'),
                         ('sqlite3.h', 'store'), ('nng/nng.h', 'net'), ('nng/protocol/reqrep0/req.h', 'net'),
                         ('microhttpd.h', 'net'), ('seccomp.h', 'daemon'), ('curl/curl.h', 'net')]:
        _expect_none(f'src/{home}/a.c', f'#include <{header}>')
        for folder in layers.MAY_INCLUDE:
            if folder != home:
                _expect_breach(f'src/{folder}/a.c', f'#include <{header}>', f'one home in src/{home}')
        _expect_breach('include/custody/a.h', f'#include <{header}>', 'one home')


def a_header_that_is_not_libc_is_found():
    _expect_breach('src/base/a.c', '#include <openssl/ssl.h>', 'not a header of libc')
    _expect_breach('include/custody/a.h', '#include <glib.h>', 'not a header of libc')
    _expect_none('src/base/a.c', '#include <sys/stat.h>')


def an_include_without_a_layer_is_found():
    _expect_breach('src/codec/a.c', '#include "text.h"', 'does not name a layer', ['src/codec/text.h'])
    _expect_breach('src/codec/a.c', '#include "../base/bytes.h"', 'does not name a layer', ['src/base/bytes.h'])
    _expect_breach('src/codec/a.c', '#include "codec/none.h"', 'is not there')
    _expect_breach('src/codec/a.c', '#include NAME', "can't be read")


def a_public_header_that_reaches_inside_is_found():
    _expect_breach('include/custody/a.h', '#include "base/bytes.h"', 'public headers', ['src/base/bytes.h'])
    _expect_none('include/custody/a.h', '#include <custody/error.h>')


def the_public_api_is_for_those_above_it():
    _expect_breach('src/model/a.c', '#include <custody/custody.h>', 'may not include <custody/custody.h>')
    _expect_none('src/base/a.h', '#include <custody/error.h>')
    _expect_none('src/cli/a.c', '#include <custody/custody.h>')


def spacing_and_comments_hide_nothing():
    _expect_breach('src/base/a.c', '  #  include   <sodium.h>  // why', 'one home')
    _expect_breach('src/base/a.c', '#include/**/<sodium.h>', 'one home')
    _expect_breach('src/base/a.c', '#include <sodium.h> /* why */', 'one home')
    _expect_none('src/base/a.c', '/* #include <sodium.h> */')
    _expect_none('src/base/a.c', '// #include <sodium.h>')


def a_folder_without_a_rule_is_found():
    found = _planted({'src/misc/a.c': ''})
    expect_equal(found, ['src/misc/a.c:1: misc is not a layer'])


contract.main([
    the_tree_keeps_the_rules,
    every_layer_is_in_the_table,
    the_table_has_no_circle,
    a_layer_above_is_found,
    a_layer_beside_is_found,
    a_third_party_header_away_from_home_is_found,
    a_header_that_is_not_libc_is_found,
    an_include_without_a_layer_is_found,
    a_public_header_that_reaches_inside_is_found,
    the_public_api_is_for_those_above_it,
    spacing_and_comments_hide_nothing,
    a_folder_without_a_rule_is_found,
])

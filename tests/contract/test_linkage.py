# SPDX-License-Identifier: Apache-2.0
"""
custody-verify links the layers up to audit and nothing else: no storage, no sockets. Argument: the program.
"""

import re
import sys

import contract
import elf
from contract import expect_equal, expect_none

PROGRAM = sys.argv[1]

ALLOWED = re.compile(r'(libsodium|libnettle|libjansson|libc|libm|libpthread|libgcc_s|linux-vdso|ld-linux[-\w]*)\.so[.\d]*'
                     r'|.*/ld-linux[-\w]*\.so[.\d]*')
FORBIDDEN = re.compile(r'(sqlite3|nng|MHD|curl)_')


def it_needs_only_the_libraries_of_its_layers():
    expect_none([name for name in elf.needed(PROGRAM) if not ALLOWED.fullmatch(name)], 'also needs')


def it_takes_no_symbol_of_storage_or_sockets():
    expect_none([name for name in elf.undefined(PROGRAM) if FORBIDDEN.match(name)], 'also takes')


def it_holds_no_symbol_of_storage_or_sockets():
    expect_none([name for name in elf.defined(PROGRAM) if FORBIDDEN.match(name)], 'also holds')


def the_patterns_tell_apart():
    for name in ['libc.so.6', 'libsodium.so.23', 'libnettle.so.8', 'libjansson.so.4', 'ld-linux-x86-64.so.2']:
        expect_equal(bool(ALLOWED.fullmatch(name)), True)
    for name in ['libsqlite3.so.0', 'libnng.so.1', 'libmbedtls.so.14', 'libmicrohttpd.so.12', 'libcurl.so.4', 'libcrypto.so.3']:
        expect_equal(bool(ALLOWED.fullmatch(name)), False)


contract.main([
    it_needs_only_the_libraries_of_its_layers,
    it_takes_no_symbol_of_storage_or_sockets,
    it_holds_no_symbol_of_storage_or_sockets,
    the_patterns_tell_apart,
])

# SPDX-License-Identifier: Apache-2.0
"""
The test vectors from elsewhere are there where CUSTODY_VECTORS promises them. Unset, the tests that read them
skip; where CI is set that would be a hole, so it is a failure.
"""

import os

import contract
from contract import Skip, expect_none

WANTED = ['wycheproof/ed25519_test.json', 'json-patch-tests/tests.json', 'json-patch-tests/spec_tests.json',
          'rfc8785/input', 'rfc8785/output']


def vectors_are_there():
    folder = os.environ.get('CUSTODY_VECTORS')
    if not folder and os.environ.get('CI'):
        raise AssertionError('CI is set and CUSTODY_VECTORS is not')
    if not folder:
        raise Skip('CUSTODY_VECTORS is not set')
    expect_none([name for name in WANTED if not os.path.exists(os.path.join(folder, name))],
                f'not in {folder}')


contract.main([vectors_are_there])

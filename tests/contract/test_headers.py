# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone: the public ones as strict C17 and as C++17, the inner ones as C17."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import contract
from contract import Skip, Tree, expect_equal, expect_none

STRICT = ['-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-pedantic']
PUBLIC_C = ['-x', 'c', '-std=c17', *STRICT, '-Wstrict-prototypes', '-Wconversion', '-Wundef']
PUBLIC_CXX = ['-x', 'c++', '-std=c++17', *STRICT, '-Wconversion', '-Wundef']
INNER_C = ['-x', 'c', '-std=gnu17', '-D_GNU_SOURCE', *STRICT, '-Wno-unused-function']


def _compiles(top, command, header):
    """What the compiler says against a file that holds nothing but this include, twice."""
    source = f'#include {header}\n#include {header}\nint only_for_pedantry;\n'
    done = subprocess.run([*command, '-'], input=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=top, check=False, encoding='utf-8', errors='replace')
    return '' if done.returncode == 0 else f'{header} with {command[0]}:\n{done.stdout}'


def _public(tree):
    return ['<' + name[len('include/'):] + '>' for name in tree.under('include/custody', ends='.h')]


def _inner(tree):
    return ['"' + name[len('src/'):] + '"' for name in tree.under('src', ends='.h')]


def _expect_alone(compilers, options, folders, headers, top):
    there = [compiler for compiler in compilers if shutil.which(compiler)]
    if not there:
        raise Skip('no ' + ' or '.join(compilers))
    paths = ['-I' + folder for folder in folders]
    jobs = [([compiler, *options, *paths], header) for compiler in there for header in headers]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        said = list(pool.map(lambda job: _compiles(top, *job), jobs))
    expect_none([one for one in said if one], 'headers that do not compile alone')


def public_headers_are_c17():
    tree = Tree()
    _expect_alone(['gcc', 'clang'], PUBLIC_C, ['include'], _public(tree), tree.top)


def public_headers_are_cxx17():
    tree = Tree()
    _expect_alone(['g++', 'clang++'], PUBLIC_CXX, ['include'], _public(tree), tree.top)


def inner_headers_compile_alone():
    tree = Tree()
    _expect_alone(['gcc'], INNER_C, ['include', 'src'], _inner(tree), tree.top)


def there_are_headers():
    tree = Tree()
    expect_equal(bool(_public(tree)) and bool(_inner(tree)), True)


def a_header_that_needs_another_is_found():
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(os.path.join(top, 'include', 'custody'))
        with open(os.path.join(top, 'include', 'custody', 'a.h'), 'w', encoding='utf-8') as file:
            file.write('size_t a_size(void);\n')
        expect_equal(bool(_compiles(top, ['gcc', *PUBLIC_C, '-Iinclude'], '<custody/a.h>')), True)


def a_header_that_is_not_cxx_is_found():
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(os.path.join(top, 'include', 'custody'))
        with open(os.path.join(top, 'include', 'custody', 'a.h'), 'w', encoding='utf-8') as file:
            file.write('int a_get(int class);\n')
        expect_equal(_compiles(top, ['gcc', *PUBLIC_C, '-Iinclude'], '<custody/a.h>'), '')
        expect_equal(bool(_compiles(top, ['g++', *PUBLIC_CXX, '-Iinclude'], '<custody/a.h>')), True)


contract.main([
    public_headers_are_c17,
    public_headers_are_cxx17,
    inner_headers_compile_alone,
    there_are_headers,
    a_header_that_needs_another_is_found,
    a_header_that_is_not_cxx_is_found,
])

# SPDX-License-Identifier: Apache-2.0
"""
What is installed is enough: a program finds libcustody through pkg-config alone, in C and in C++, shared and
static, and runs. Arguments: the build folder, meson.
"""

import glob
import os
import subprocess
import sys
import tempfile

import contract
from contract import TOP, Tree, expect_equal, expect_none

BUILD, MESON = sys.argv[1:3]
PROGRAM = '''
#include <custody/error.h>
#include <stdio.h>
int main(void)
{
    puts(custody_err_name(CUSTODY_OK));
    return 0;
}
'''


def _run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          encoding='utf-8', errors='replace', **more)
    if done.returncode != 0:
        raise AssertionError(f'{" ".join(command)}:\n{done.stdout}')
    return done.stdout


class _Installed:
    """The project, installed below a folder that is thrown away."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = self._folder.name
        _run([MESON, 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', self.root])
        self.package = os.path.dirname(self._only('custody.pc'))

    def _only(self, name):
        found = glob.glob(os.path.join(self.root, '**', name), recursive=True)
        expect_equal(len(found), 1)
        return found[0]

    def include(self):
        """Where the public headers are."""
        return os.path.dirname(self._only('error.h'))

    def library_folder(self):
        """Where the shared library is."""
        return os.path.dirname(self._only('libcustody.so'))

    def flags(self, *which):
        """What pkg-config says."""
        there = os.environ.get('PKG_CONFIG_PATH', '')
        env = dict(os.environ, PKG_CONFIG_PATH=f'{self.package}:{there}', PKG_CONFIG_SYSROOT_DIR=self.root)
        return _run(['pkg-config', *which, 'custody'], env=env).split()

    def compiled(self, compiler, language, flags):
        """The program, compiled with these flags."""
        path = os.path.join(self.root, 'program')
        _run([*compiler, '-x', language, '-', '-x', 'none', '-o', path, *flags], input=PROGRAM)
        return path


INSTALLED = _Installed()


def every_public_header_is_installed():
    wanted = {os.path.basename(name) for name in Tree(TOP).under('include/custody')}
    expect_none(sorted(wanted ^ set(os.listdir(INSTALLED.include()))), 'installed or there, and not both')


def a_c_program_finds_it():
    program = INSTALLED.compiled(['gcc', '-std=c17', '-pedantic', '-Wall', '-Werror'], 'c',
                                 INSTALLED.flags('--cflags', '--libs'))
    env = dict(os.environ, LD_LIBRARY_PATH=INSTALLED.library_folder())
    expect_equal(_run([program], env=env), 'ok\n')


def a_cxx_program_finds_it():
    program = INSTALLED.compiled(['g++', '-std=c++17', '-pedantic', '-Wall', '-Werror'], 'c++',
                                 INSTALLED.flags('--cflags', '--libs'))
    env = dict(os.environ, LD_LIBRARY_PATH=INSTALLED.library_folder())
    expect_equal(_run([program], env=env), 'ok\n')


def a_program_links_it_statically():
    # The library itself from its archive, what it needs from the system's shared ones.
    flags = [':libcustody.a' if one == 'custody' else one.replace('-lcustody', '-l:libcustody.a')
             for one in INSTALLED.flags('--static', '--cflags', '--libs')]
    expect_equal(_run([INSTALLED.compiled(['gcc'], 'c', flags)]), 'ok\n')


BESIDE = '''
bin/custody bin/custody-verify sbin/custodyd
share/man/man1/custody.1 share/man/man1/custody-verify.1 share/man/man3/libcustody.3
share/man/man5/custody-evidence.5 share/man/man5/custody-key.5 share/man/man5/custody-policy.5 share/man/man5/custody-trust.5
share/man/man5/custodyd.conf.5 share/man/man8/custodyd.8
share/bash-completion/completions/custody share/bash-completion/completions/custody-verify
share/bash-completion/completions/custodyd share/zsh/site-functions/_custody
lib/systemd/system/custodyd.service lib/systemd/system/custodyd-init.service lib/sysusers.d/custodyd.conf
lib/systemd/system/custody-witness.service lib/sysusers.d/custody-witness.conf
'''.split()


def what_belongs_to_the_programs_is_installed():
    prefix = os.path.dirname(os.path.dirname(INSTALLED.include()))
    expect_none([name for name in BESIDE if not os.path.exists(os.path.join(prefix, name))], 'not installed')


def units_run_what_is_installed():
    root = INSTALLED.root
    for path in glob.glob(os.path.join(root, '**', 'systemd', 'system', '*.service'), recursive=True):
        with open(path, encoding='utf-8') as file:
            words = [line for line in file.read().splitlines() if line.startswith('ExecStart=')][0][len('ExecStart='):].split()
        expect_equal((os.path.basename(path), os.path.exists(root + words[0])), (os.path.basename(path), True))
        if '--config' not in words:
            continue
        config = words[words.index('--config') + 1]
        expect_equal((config, os.path.exists(root + config)), (config, True))


contract.main([
    every_public_header_is_installed,
    what_belongs_to_the_programs_is_installed,
    units_run_what_is_installed,
    a_c_program_finds_it,
    a_cxx_program_finds_it,
    a_program_links_it_statically,
])

# SPDX-License-Identifier: Apache-2.0
"""
The programs without memory: each command line below is started again and again, with its first allocation failing, then
its second, and so on. It ends with a status of its own and, where that is not the one that it has with memory enough, with a
sentence; never by a signal.

usage: test_programs.py LIBRARY CUSTODY CUSTODY_VERIFY CUSTODYD [all]
"""

import os
import struct
import subprocess
import sys
import tempfile

LIBRARY, CUSTODY, VERIFY, DAEMON = (os.path.abspath(name) for name in sys.argv[1:5])
ALL = sys.argv[5:] == ['all']
DENSE = 12          # so many positions one by one, then each step is longer by a quarter
TRIES_MAX = 100000  # more allocations than any of them makes

# Names, and command lines that need no custodian; run in a folder of their own, in this order.
PROGRAMS = [
    ('help', [CUSTODY, '--help']),
    ('version', [VERIFY, '--version']),
    ('daemon_help', [DAEMON, '--help']),
    ('usage', [CUSTODY, 'no-such-command']),
    ('key_new', [CUSTODY, 'key', 'new', '--name', 'acme/ana', '--no-passphrase', 'made.key']),
    ('key_show', [CUSTODY, 'key', 'show', 'ana.key']),
    ('trust_show', [CUSTODY, 'trust', 'show', 'no-such.trust']),
    ('verify_nothing', [VERIFY, '--trust', 'no-such.trust', 'no-such.evidence']),
    ('verify_broken', [VERIFY, '--trust', 'broken', 'broken']),
    ('daemon_without', [DAEMON, '--ledger', 'no-such.db']),
]


def run(command, mode, nth, folder):
    """(status, what it said, allocations, failed ones)."""
    told = os.path.join(folder, 'told')
    with open(told, 'wb') as file:
        file.write(bytes(16))
    environment = dict(os.environ, LD_PRELOAD=LIBRARY, NOMEM_MODE=mode, NOMEM_NTH=str(nth), NOMEM_TOLD=told, LC_ALL='C')
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    with open(told, 'rb') as file:
        count, failed = struct.unpack('QQ', file.read(16))
    return done.returncode, done.stdout.decode('utf-8', 'replace'), count, failed


def prepare(folder):
    """What the commands read; a key that is made must not be there yet."""
    if not os.path.exists(os.path.join(folder, 'ana.key')):
        subprocess.run([CUSTODY, 'key', 'new', '--name', 'acme/ana', '--no-passphrase', 'ana.key'], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(folder, 'broken'), 'w', encoding='ascii') as file:
            file.write('{"custody_trust":1}')
    made = os.path.join(folder, 'made.key')
    if os.path.exists(made):
        os.unlink(made)


def judge(name, nth, normal, status, said):
    """What is wrong with this end, or None."""
    if status < 0:
        return f'{name}: signal {-status} where allocation {nth} failed: {said!r}'
    if status != normal and not said.strip():
        return f'{name}: status {status} and no word where allocation {nth} failed'
    return None


def walk(name, command, folder):
    """(what is wrong, allocations failed, allocations)."""
    wrong = []
    prepare(folder)
    normal, _, allocations, _ = run(command, 'once', 0, folder)
    failed, nth = 0, 1
    for tries in range(TRIES_MAX):
        modes = ['once', 'from'] if ALL else [['once', 'from'][tries % 2]]
        reached = 0
        for mode in modes:
            prepare(folder)
            status, said, _, happened = run(command, mode, nth, folder)
            reached += happened
            failed += 1 if happened else 0
            wrong += [what for what in [judge(name, nth, normal, status, said)] if what]
        if not reached or len(wrong) > 20:
            break
        nth += 1 if ALL or nth < DENSE else 1 + nth // 4
    return wrong, failed, allocations


def main():
    """Runs each as a test; TAP."""
    bad = 0
    total = 0
    print(f'1..{len(PROGRAMS)}')
    with tempfile.TemporaryDirectory(prefix='custody-nomem-') as folder:
        for number, (name, command) in enumerate(PROGRAMS, 1):
            wrong, failed, allocations = walk(name, command, folder)
            total += failed
            for line in wrong:
                print(f'# {line}')
            good = not wrong and failed > 0
            bad += 0 if good else 1
            print(f'{"ok" if good else "not ok"} {number} - {name} ({failed} failed, of {allocations} allocations)', flush=True)
    print(f'# programs: {len(PROGRAMS)} walked, {total} allocations failed')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

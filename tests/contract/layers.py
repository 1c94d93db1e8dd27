# SPDX-License-Identifier: Apache-2.0
"""The layers: which folder may include which, and where each third-party header has its one home."""

import re

import csource

TO_MODEL = ['base', 'crypto', 'codec', 'model']
TO_ESCROW = TO_MODEL + ['ledger', 'escrow']
TO_AUDIT = TO_ESCROW + ['audit']

# Folder of src/ and what it may include beside itself.
MAY_INCLUDE = {
    'base': [],
    'crypto': ['base'],
    'codec': ['base'],
    'model': ['base', 'crypto', 'codec'],
    'ledger': TO_MODEL,
    'escrow': ['base', 'codec', 'model'],
    'audit': TO_ESCROW,
    'verify': TO_AUDIT,
    'store': TO_ESCROW,
    'net': ['base'],
    'proto': TO_MODEL + ['ledger'],
    'daemon': TO_AUDIT + ['store', 'net', 'proto'],
    'witness': TO_AUDIT + ['store', 'net', 'proto'],
    'client': TO_AUDIT + ['net', 'proto'],
    'cli': TO_AUDIT + ['store', 'net', 'proto', 'client', 'witness'],
}

# The part of the public API that every layer may use; the rest is for those who stand on the library.
PUBLIC_FOR_ALL = {'custody/error.h', 'custody/errors.def', 'custody/export.h'}
PUBLIC_FOR = {'client', 'cli'}

THIRD_PARTY = [
    (re.compile(r'sodium(\.h|/.*)'), 'crypto'),
    (re.compile(r'nettle/.*'), 'crypto'),
    (re.compile(r'jansson(_config)?\.h'), 'codec'),
    (re.compile(r'sqlite3(ext)?\.h'), 'store'),
    (re.compile(r'nng/.*'), 'net'),
    (re.compile(r'mbedtls/.*'), 'net'),
    (re.compile(r'microhttpd\.h'), 'net'),
    (re.compile(r'seccomp\.h'), 'daemon'),
    (re.compile(r'curl/.*'), 'net'),
]

# ISO C, and what the C library of Debian 12 adds to it. A header that is not here needs a thought: is it libc?
LIBC = set('''
    assert.h ctype.h errno.h float.h inttypes.h iso646.h limits.h locale.h malloc.h math.h setjmp.h signal.h stdalign.h
    stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h strings.h
    threads.h time.h uchar.h wchar.h
    arpa/inet.h dirent.h endian.h fcntl.h fnmatch.h getopt.h glob.h grp.h libgen.h net/if.h netdb.h netinet/in.h
    netinet/tcp.h poll.h pthread.h pwd.h sched.h semaphore.h spawn.h sys/epoll.h sys/eventfd.h sys/file.h
    sys/inotify.h sys/ioctl.h sys/mman.h sys/mount.h sys/pidfd.h sys/prctl.h sys/random.h sys/resource.h sys/select.h
    sys/sendfile.h sys/signalfd.h sys/socket.h sys/stat.h sys/statfs.h sys/statvfs.h sys/syscall.h sys/sysinfo.h
    sys/time.h sys/timerfd.h sys/types.h sys/uio.h sys/un.h sys/utsname.h sys/vfs.h sys/wait.h syslog.h termios.h
    unistd.h
'''.split())


def _quoted(tree, folder, header):
    """Why `#include "header"` may not stand in src/<folder>; None where it may."""
    parts = header.split('/')
    if len(parts) != 2 or parts[0] not in MAY_INCLUDE:
        return f'"{header}" does not name a layer and its file'
    if f'src/{header}' not in tree.names:
        return f'"{header}" is not there'
    if parts[0] != folder and parts[0] not in MAY_INCLUDE[folder]:
        return f'src/{folder} may not include {parts[0]} ("{header}")'
    return None


def _angled(folder, header):
    """Why `#include <header>` may not stand in src/<folder>, or in include/custody where folder is None."""
    if header.startswith('custody/'):
        if folder is None or header in PUBLIC_FOR_ALL or folder in PUBLIC_FOR:
            return None
        return f'src/{folder} may not include <{header}>'
    for pattern, home in THIRD_PARTY:
        if pattern.fullmatch(header):
            return None if home == folder else f'<{header}> has its one home in src/{home}'
    return None if header in LIBC else f'<{header}> is not a header of libc'


def _rule(tree, name, target):
    """Why the file may not include the target (with its quotes or brackets); None where it may."""
    folder = name.split('/')[1] if name.startswith('src/') else None
    if re.fullmatch(r'<[^<>]+>', target):
        return _angled(folder, target[1:-1])
    if not re.fullmatch(r'"[^"]+"', target):
        return f'{target} can\'t be read'
    if folder is None:
        return f'{target}: public headers include <custody/...> and libc only'
    return _quoted(tree, folder, target[1:-1])


def violations(tree):
    """All includes that the rules forbid, as 'file:line: why'."""
    found = []
    for name in tree.under('src', 'include'):
        if not name.endswith(('.c', '.h', '.def')):
            continue
        folder = name.split('/')[1]
        if folder not in MAY_INCLUDE and not name.startswith('include/custody/'):
            found.append(f'{name}:1: {folder} is not a layer')
            continue
        for line, target in csource.includes(tree.text(name)):
            why = _rule(tree, name, target)
            if why:
                found.append(f'{name}:{line}: {why}')
    return found

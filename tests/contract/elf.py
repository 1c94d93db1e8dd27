# SPDX-License-Identifier: Apache-2.0
"""What a built library or program exports and needs, as binutils tell it."""

import re
import subprocess


def _said(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding='utf-8').stdout


def exported(path):
    """The symbols that others can link against."""
    rows = (line.split() for line in _said(['nm', '-D', '--defined-only', '-P', path]).splitlines())
    return sorted(row[0] for row in rows if row)


def needed(path):
    """The shared libraries that it asks the loader for, itself or through another."""
    return re.findall(r'^\s*(\S+?\.so[.\d]*)\s', _said(['ldd', path]), re.MULTILINE)


def undefined(path):
    """The symbols that it takes from elsewhere."""
    rows = (line.split() for line in _said(['nm', '-D', '--undefined-only', '-P', path]).splitlines())
    return sorted(row[0] for row in rows if row)


def defined(path):
    """All symbols that it holds, exported or not; none where it was stripped."""
    rows = (line.split() for line in _said(['nm', '--defined-only', '-P', path]).splitlines())
    return sorted(row[0] for row in rows if row)

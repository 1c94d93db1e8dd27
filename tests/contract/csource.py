# SPDX-License-Identifier: Apache-2.0
"""Reads C without compiling it: what is code, what it includes, what it calls."""

import re

COMMENT_OR_LITERAL = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(.*?)[ \t]*$', re.MULTILINE)
CALL = re.compile(r'\b([A-Za-z_][A-Za-z0-9_]*)[ \t\n]*\(')


def without_comments(text, literals=True):
    """The text with comments blanked, and string literals too where asked; lines keep their numbers."""
    def blank(match):
        piece = match.group(0)
        if not literals and not piece.startswith('/'):
            return piece
        quote = '' if piece.startswith('/') else piece[0]
        return quote + '\n' * piece.count('\n') + ' ' + quote
    return COMMENT_OR_LITERAL.sub(blank, text)


def includes(text):
    """All includes as (line number, what stands behind #include)."""
    code = without_comments(text, literals=False)
    return [(code.count('\n', 0, match.start()) + 1, match.group(1)) for match in INCLUDE.finditer(code)]


def calls(text):
    """All names that stand before a bracket, as (line number, name)."""
    code = without_comments(text)
    return [(code.count('\n', 0, match.start()) + 1, match.group(1)) for match in CALL.finditer(code)]

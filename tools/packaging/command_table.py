# SPDX-License-Identifier: Apache-2.0
"""The commands of `custody`, as describe.c prints them."""

import re

# Words at the head of an option's help that are the values it takes: "low, normal, high or critical (normal)".
CHOICES = re.compile(r"^([a-z]+)(?: \([^)]*\))?((?:, [a-z]+)*),? or ([a-z]+)(?: |\b$)")


class Option:
    """One option of a command."""

    def __init__(self, name, letter, kind, value, own, help_text):
        self.name = name
        self.letter = letter
        self.kind = kind            # flag, text, list
        self.value = value          # what help calls its value; empty for a flag
        self.own = own == '1'       # whether it is this command's alone
        self.help = help_text

    def choices(self):
        """The words that it takes, where help names them; none where anything may stand."""
        if self.kind == 'flag' or self.value in ('FILE', 'FOLDER', 'NAME', 'TEXT'):
            return []
        found = CHOICES.match(self.help)
        return [found[1], *found[2].split(', ')[1:], found[3]] if found else []


class Command:
    """One command."""

    def __init__(self, name, summary, operands, rest):
        self.name = name
        self.summary = summary
        self.operands = operands
        self.rest = rest == '1'     # a command line stands behind "--"
        self.about = []             # lines
        self.options = []
        self.example = ''

    def words(self):
        """The words among its operands that stand for themselves: fulfilled|failed|unknown."""
        return [word for operand in re.findall(r'[a-z]+(?:\|[a-z]+)+', self.operands) for word in operand.split('|')]

    def takes_file(self):
        """Whether an operand is a file."""
        return bool(re.search(r'\b(FILE|DRAFT)\b', self.operands))


def read(path):
    """The commands in the order of help."""
    commands = []
    with open(path, encoding='utf-8') as file:
        for line in file:
            kind, *fields = line.rstrip('\n').split('\t')
            if kind == 'command':
                commands.append(Command(*fields))
            elif kind == 'about':
                commands[-1].about.append(fields[0])
            elif kind == 'option':
                commands[-1].options.append(Option(*fields))
            elif kind == 'example':
                commands[-1].example = fields[0]
            else:
                raise ValueError(f'a line of no known kind: {line!r}')
    return commands

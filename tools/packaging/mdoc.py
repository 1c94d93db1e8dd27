# SPDX-License-Identifier: Apache-2.0
"""
Writes manual pages: mdoc(7) from a template and from what the program and the headers say themselves.

    mdoc.py --version V --date D [--table FILE] TEMPLATE OUT [HEADER]...

In the template @VERSION@ and @DATE@ are replaced; a line @COMMANDS@ by a section on each command of the table, and a line
@PROTOTYPES@ by the prototypes of the headers.
"""

import argparse
import os
import re
import textwrap

import command_table

WIDTH = 78
EVERYWHERE = ['json', 'help']     # stand last in every help
PROTOTYPE = re.compile(r'^CUSTODY_EXPORT\s+(?:CUSTODY_MUST_USE\s+)?([^;(]*?[\s*])(\w+)\(([^;]*)\);', re.M)


def escaped(text):
    """The text as troff takes it anywhere but at the start of a line."""
    return text.replace('\\', '\\e').replace('-', '\\-').replace('"', '\\(dq').replace("'", '\\(aq') \
        .replace('`', '\\(ga').replace('^', '\\(ha').replace('~', '\\(ti')


def prose(text):
    """Lines of running text: one sentence begins one line, none begins like a request."""
    lines = []
    for sentence in re.split(r'(?<=[.!?:;])\s+(?=[A-Z])', ' '.join(text.split())):
        lines += textwrap.wrap(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)
    # Hyphens stay what they are: options and names in prose are copied by readers.
    return ['\\&' + line if line[0] in ".'" else line for line in map(escaped, lines)]


def quoted(text):
    """One argument of a macro; never taken for a macro or for punctuation."""
    return '"' + '\\&' + escaped(text) + '"'


def option_item(option):
    """The .It line of an option."""
    letter = f'Fl {option.letter} , ' if option.letter else ''
    value = f' Ar {quoted(option.value)}' if option.value else ''
    return f'.It {letter}Fl \\-{escaped(option.name)}{value}'


def option_list(options):
    """The options of a command as a tagged list."""
    lines = ['.Bl -tag -width Ds']
    for option in options:
        lines += [option_item(option), *prose(option.help)]
    return lines + ['.El']


def option_names(options):
    """One line of prose that names options."""
    names = [f'.Fl \\-{escaped(option.name)} ,' for option in options]
    names[-1] = names[-1].replace(' ,', ' .')
    return names


def paragraphs(lines):
    """Lines of help as paragraphs."""
    text = '\n'.join(lines).strip()
    out = []
    for paragraph in re.split(r'\n\s*\n', text):
        out += ['.Pp', *prose(paragraph)]
    return out


def command_section(command):
    """What the page says of one command."""
    own = [option for option in command.options if option.own]
    common = [option for option in command.options if not option.own]
    usage = ['.Op Ar options']
    if command.operands:
        usage.insert(1 if command.rest else 0, f'.Ar {quoted(command.operands)}')
    lines = [f'.Ss {command.name}', '.Nm custody', f'.Cm {command.name}', *usage, '.Pp',
             *prose(command.summary[0].upper() + command.summary[1:] + '.'), *paragraphs(command.about)]
    if own:
        lines += option_list(own)
    lines += ['.Pp', 'Common options:', *option_names(common), '.Pp', 'Example:', '.Pp',
              f'.Dl {escaped(command.example)}']
    return lines


def common_options(commands):
    """The options that several commands have, each once, in the order of help."""
    known = {}
    for command in sorted(commands, key=lambda one: sum(not option.own for option in one.options), reverse=True):
        for option in command.options:
            if not option.own:
                known.setdefault(option.name, option)
    last = [known.pop(name) for name in EVERYWHERE if name in known]
    return option_list([*known.values(), *last])


def all_commands(commands):
    """The section on every command."""
    return [line for command in commands for line in command_section(command)]


def command_index(commands):
    """Names and one line each."""
    lines = ['.Bl -tag -width "custodian rotate" -compact']
    for command in commands:
        lines += [f'.It Cm {command.name}', *prose(command.summary)]
    return lines + ['.El']


def arguments_of(text):
    """The arguments of a prototype, without comments."""
    plain = ' '.join(re.sub(r'/\*.*?\*/', '', text, flags=re.S).split())
    parts, depth = [''], 0
    for letter in plain:
        depth += (letter == '(') - (letter == ')')
        if letter == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def prototypes(headers):
    """The synopsis of the library: each header and its functions."""
    lines = []
    for path in headers:
        with open(path, encoding='utf-8') as file:
            found = PROTOTYPE.findall(file.read())
        if not found:
            continue
        lines.append(f'.In custody/{os.path.basename(path)}')
        for kind, name, arguments in found:
            words = ' '.join(quoted(one).replace('\\&', '') for one in arguments_of(arguments))
            lines += [f'.Ft {quoted(" ".join(kind.split()))}'.replace('\\&', ''), f'.Fn {name} {words}']
    return lines


def page(template, values, blocks):
    """The page's text."""
    out = []
    for line in template.splitlines():
        if line in blocks:
            out += blocks[line]
        else:
            out.append(re.sub(r'@(\w+)@', lambda found: values[found[1]], line))
    return '\n'.join(out) + '\n'


def main():
    """Reads the command line and writes the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--version', required=True)
    parser.add_argument('--date', required=True)
    parser.add_argument('--table')
    parser.add_argument('template')
    parser.add_argument('out')
    parser.add_argument('headers', nargs='*')
    arguments = parser.parse_args()
    commands = command_table.read(arguments.table) if arguments.table else []
    blocks = {'@INDEX@': command_index(commands), '@COMMON@': common_options(commands),
              '@COMMANDS@': all_commands(commands), '@PROTOTYPES@': prototypes(arguments.headers)}
    with open(arguments.template, encoding='utf-8') as file:
        text = page(file.read(), {'VERSION': arguments.version, 'DATE': arguments.date}, blocks)
    with open(arguments.out, 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: Apache-2.0
"""
The manual pages and the completions say what the programs say: every command, option, member and function, and no other.
Arguments: the folder with pages and completions, then the programs custody, custody-verify, custodyd.
"""

import glob
import os
import re
import subprocess
import sys

import contract
from contract import TOP, expect_equal, expect_none

PAGES, CUSTODY, VERIFY, DAEMON = sys.argv[1:5]
LONG = re.compile(r'(?<![\w-])--([a-z][a-z-]*)')


def _run(*words, **more):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding='utf-8', check=False, **more)
    return done.returncode, done.stdout


def _text(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def _page(name):
    return _text(os.path.join(PAGES, name)).replace('\\-', '-').replace('\\&', '')


def _help_options(text):
    """The options that a help text lists, without what its prose mentions."""
    lines = [line for line in text.splitlines() if re.match(r' +(-\w, )?--', line)]
    return {name for line in lines for name in LONG.findall(line.strip().split('  ')[0])}


def _help_letters(text):
    return set(re.findall(r'^ +-(\w), --', text, re.M))


def _commands():
    listed = _run(CUSTODY, '--help')[1].split('Commands:\n')[1].split('\n\n')[0]
    return [re.split(r' {2,}', line.strip())[0] for line in listed.splitlines()]


def _section(page, title):
    found = re.search(rf'^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)', page, re.M | re.S)
    if not found:
        raise AssertionError(f'no section {title}')
    return found[1]


def _page_options(text):
    """The options of a page's lists, and of its lines "Common options"."""
    return set(re.findall(r'Fl -([a-z][a-z-]*)', '\n'.join(re.findall(r'^\.(?:It|Fl) .*', text, re.M))))


def _page_letters(text):
    return set(re.findall(r'^\.It Fl (\w) , Fl -', text, re.M))


def _differences(name, page, program):
    return [f'{name}: {one} is in the page alone' for one in sorted(page - program)] + \
        [f'{name}: {one} is not in the page' for one in sorted(program - page)]


# --- manual pages ------------------------------------------------------------------------------------------

def the_page_of_custody_has_every_command_and_option():
    sections = dict(re.findall(r'^\.Ss ([^\n]+)\n(.*?)(?=^\.Ss |\Z)', _section(_page('custody.1'), 'COMMANDS'), re.M | re.S))
    commands = _commands()
    expect_equal(list(sections), commands)
    wrong = []
    for name in commands:
        text = _run(CUSTODY, *name.split(), '--help')[1].split('Options:')[1].split('Example:')[0]
        wrong += _differences(name, _page_options(sections[name]), _help_options(text))
    expect_none(wrong, 'differ')


def the_common_options_are_told_once():
    page = _page('custody.1')
    told = re.findall(r'^\.It (?:Fl \w , )?Fl -([a-z-]+)', _section(page, 'OPTIONS'), re.M)
    expect_equal(len(told), len(set(told)))
    named = set(re.findall(r'^\.Fl -([a-z-]+) [,.]$', _section(page, 'COMMANDS'), re.M))
    expect_equal(set(told), named)


def the_other_programs_have_every_option():
    wrong = []
    for page, program in (('custody-verify.1', VERIFY), ('custodyd.8', DAEMON)):
        text = _run(program, '--help')[1]
        said = _section(_page(page), 'OPTIONS')
        wrong += _differences(page, set(re.findall(r'Fl -([a-z][a-z-]*)', said)), _help_options(text))
        wrong += _differences(page, _page_letters(said), _help_letters(text))
    expect_none(wrong, 'differ')


def _members(page, section):
    """The members that a page's lists name."""
    lines = re.findall(r'^\.It (Li .*)', section, re.M)
    if not lines:
        raise AssertionError(f'{page} lists nothing')
    return {name for line in lines for name in re.findall(r'Li (\w+)', line)}


def _spec_members(name, *headings):
    """The members in the first table below each of these headings of a spec file."""
    text, found = _text(os.path.join(TOP, 'spec', name)), set()
    for heading in headings:
        rows = ('\n' + text).split(f'\n{heading}\n', 1)[1].split('| --- |', 1)[1].split('\n\n')[0]
        for row in rows.splitlines():
            if row.startswith('|'):
                found |= set(re.findall(r'`(\w+)`', row.split('|')[1]))
    return found


def file_formats_have_every_member():
    wrong = []
    for page, section, spec in (
            ('custodyd.conf.5', 'MEMBERS', _spec_members('custodyd.md', '## Configuration')),
            ('custody-trust.5', 'MEMBERS', _spec_members('evidence.md', '## Trust files')),
            ('custody-evidence.5', 'MEMBERS', _spec_members('evidence.md', '## Evidence files')),
            ('custody-evidence.5', 'CONTRADICTION FILES', _spec_members('evidence.md', '## Contradiction files')),
            ('custody-policy.5', 'MEMBERS', _spec_members('policy.md', '# Policy') | _rule_members())):
        wrong += _differences(page, _members(page, _section(_page(page), section)), spec)
    expect_none(wrong, 'differ from spec/')


def _rule_members():
    rows = _text(os.path.join(TOP, 'spec', 'policy.md')).split('| member of a rule |', 1)[1].split('\n\n')[0]
    return {name for row in rows.splitlines()[2:] for name in re.findall(r'`(\w+)`', row.split('|')[1])}


def the_configuration_is_the_programs_own():
    source = _text(os.path.join(TOP, 'src', 'daemon', 'config.c')).split('config_fields[]')[1].split('};')[0]
    read = set(re.findall(r'"(\w+)"', source))
    told = _members('custodyd.conf.5', _section(_page('custodyd.conf.5'), 'MEMBERS'))
    expect_none(_differences('custodyd.conf.5', told, read), 'differ from what is read')


def the_page_of_the_library_has_every_function():
    lines = _text(os.path.join(TOP, 'tests', 'contract', 'libcustody.symbols')).splitlines()
    exported = {line for line in lines if line and not line.startswith('#')}
    page = _page('libcustody.3')
    wrong = []
    for part in ('SYNOPSIS', 'DESCRIPTION', 'ERRORS'):
        said = set(re.findall(r'^\.Fn (\w+)', _section(page, part), re.M))
        wrong += [f'{part}: {one} is not exported' for one in said - exported]
    synopsis = set(re.findall(r'^\.Fn (\w+)', _section(page, 'SYNOPSIS'), re.M))
    told = set(re.findall(r'^\.Fn (\w+)', page.replace(_section(page, 'SYNOPSIS'), ''), re.M))
    expect_none(wrong + _differences('SYNOPSIS', synopsis, exported) + _differences('the text', told, exported), 'differ')


def pages_are_clean():
    pages = sorted(glob.glob(os.path.join(PAGES, '*.[1-8]')))
    expect_equal(len(pages), 9)
    status, said = _run('mandoc', '-Tlint', '-Wwarning', *pages)
    expect_equal((status, said), (0, ''))


def references_lead_somewhere():
    ours = {os.path.basename(path) for path in glob.glob(os.path.join(PAGES, '*.[1-8]'))}
    wrong = [f'{name}: {page}({number})' for name in ours for page, number in re.findall(r'^\.Xr ([\w.-]+) (\d)', _page(name), re.M)
             if page.startswith(('custody', 'libcustody')) and f'{page}.{number}' not in ours]
    expect_none(wrong, 'pages that are not there')


# --- completions -------------------------------------------------------------------------------------------

BASH = os.path.join(PAGES, 'custody')
ZSH = os.path.join(PAGES, '_custody')


def _bash(function, *words):
    """What bash would offer for the last of the words."""
    script = (f'source {BASH}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() {{ :; }}; '
              f'{function} "$1" "${{@: -1}}" "${{@: -2:1}}"; printf "%s\\n" "${{COMPREPLY[@]}}"')
    status, said = _run('bash', '--norc', '-c', script, 'bash', *words)
    expect_equal(status, 0)
    return said.split()


def _zsh(*words):
    """What _arguments, or _describe, is given for the last of the words."""
    script = ('_arguments() { print -rl -- "$@" }; _describe() { print -rl -- $commands }; service=$1; words=("$@"); '
              f'CURRENT=$#; source {ZSH}')
    status, said = _run('zsh', '-f', '-c', script, 'zsh', *words)
    expect_equal(status, 0)
    return said.splitlines()


def bash_completes_every_command_and_option():
    commands = _commands()
    expect_equal(set(_bash('_custody', 'custody', '')),
                 {name.split()[0] for name in commands} | {'help', '--help', '--version'})
    wrong = []
    for name in commands:
        text = _run(CUSTODY, *name.split(), '--help')[1].split('Options:')[1].split('Example:')[0]
        offered = {word[2:] for word in _bash('_custody', 'custody', *name.split(), '--')}
        wrong += _differences(name, offered, _help_options(text))
    for program in (VERIFY, DAEMON):
        name = os.path.basename(program)
        offered = {word[2:] for word in _bash('_custody_program', name, '--')}
        wrong += _differences(name, offered, _help_options(_run(program, '--help')[1]))
    expect_none(wrong, 'differ')


def bash_completes_words():
    expect_equal(_bash('_custody', 'custody', 'trust', 'p'), ['pin'])
    expect_equal(_bash('_custody', 'custody', 'help', 'custodian', ''), ['rotate', '--help'])
    expect_equal(_bash('_custody', 'custody', 'request', '--priority', 'h'), ['high'])
    expect_equal(_bash('_custody', 'custody', 'outcome', '1234abcd', 'u'), ['unknown'])
    expect_equal(_bash('_custody', 'custody', 'inbox', '--url', ''), [])
    expect_equal(_bash('_custody', 'custody', 'show', ''), [])
    expect_equal('cat' in _bash('_custody', 'custody', 'run', '--', 'cat'), True)


def bash_completes_files():
    name = os.path.join(PAGES, 'custody.')
    expect_equal(_bash('_custody', 'custody', 'inbox', '--trust', name), [name + '1'])
    expect_equal(_bash('_custody', 'custody', 'inbox', '--trust', '=', name), [name + '1'])
    expect_equal(_bash('_custody', 'custody', 'request', '--priority', '='), ['low', 'normal', 'high', 'critical'])
    expect_equal(_bash('_custody', 'custody', 'verify', name), [name + '1'])
    expect_equal(_bash('_custody_program', 'custody-verify', name), [name + '1'])


def zsh_completes_every_command_and_option():
    commands = _commands()
    described = {line.split(':')[0] for line in _zsh('custody', '')}
    expect_equal(described, {name.split()[0] for name in commands})
    wrong = []
    for name in commands:
        text = _run(CUSTODY, *name.split(), '--help')[1].split('Options:')[1].split('Example:')[0]
        specs = _zsh('custody', *name.split(), '')
        offered = {found[1] for found in (re.match(r'(?:\*|\(.*?\))?--([a-z-]+)', spec) for spec in specs) if found}
        wrong += _differences(name, offered, _help_options(text))
    expect_none(wrong, 'differ')


def zsh_completes_words():
    expect_equal({line.split(':')[0] for line in _zsh('custody', 'policy', '')}, {'check', 'show', 'publish'})
    expect_equal([spec for spec in _zsh('custody', 'outcome', '') if spec.endswith('(fulfilled failed unknown)')] != [], True)


contract.main([
    the_page_of_custody_has_every_command_and_option,
    the_common_options_are_told_once,
    the_other_programs_have_every_option,
    file_formats_have_every_member,
    the_configuration_is_the_programs_own,
    the_page_of_the_library_has_every_function,
    pages_are_clean,
    references_lead_somewhere,
    bash_completes_every_command_and_option,
    bash_completes_words,
    bash_completes_files,
    zsh_completes_every_command_and_option,
    zsh_completes_words,
])

# SPDX-License-Identifier: Apache-2.0
"""
Writes what bash and zsh complete for `custody`, `custody-verify` and `custodyd`.

    completion.py bash|zsh TABLE VERIFY_HELP DAEMON_HELP OUT

TABLE is what describe.c prints, the others what the programs say to --help.
"""

import re
import sys

import command_table

HELP_OPTION = re.compile(r'(?:(?<=\s)-(\w), )?--([a-z-]+)(?: ([A-Z]+))?')
FILES = ('FILE', 'KEY')     # values that are files
FOLDERS = ('FOLDER',)


def options_of_help(path):
    """The options that a help text lists."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    listed = [line for line in text.splitlines() if re.match(r' +(-\w, )?--', line)]
    found = [one for line in listed for one in HELP_OPTION.findall(line)]
    return [command_table.Option(name, letter, 'text' if value else 'flag', value, '1', '')
            for letter, name, value in found]


def value_kind(option):
    """How the option's value is completed: a list of words, 'files', 'folders' or nothing."""
    if option.choices():
        return ' '.join(option.choices())
    return 'files' if option.value in FILES else 'folders' if option.value in FOLDERS else ''


def flags(option):
    """The option as it is written."""
    return ([f'-{option.letter}'] if option.letter else []) + [f'--{option.name}']


# --- bash --------------------------------------------------------------------------------------------------

BASH = r'''# SPDX-License-Identifier: Apache-2.0
# bash completion for custody, custody-verify and custodyd. Generated from their own tables of options.

_custody_groups='@GROUPS@'
_custody_commands='@FIRST@'

# The second words of a group of commands.
_custody_seconds()
{
    case $1 in
@SECONDS@
    esac
}

_custody_options()
{
    case $1 in
@OPTIONS@
    esac
}

# What completes the value of an option: words, "files", "folders", or "-" where it has one that can't be known. Nothing for
# a flag.
_custody_value()
{
    case "$1 $2" in
@VALUES@
    esac
}

_custody_operand()
{
    case $1 in
@OPERANDS@
    esac
}

# What is there that begins like $1: "files", "folders", "-" or words.
_custody_offer()
{
    case $2 in
    files) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
    folders) mapfile -t COMPREPLY < <(compgen -d -- "$1") ;;
    -) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1") ;;
    esac
    case $2 in
    files | folders) compopt -o filenames 2>/dev/null ;;
    esac
}

# Of the command $3: the word $1, behind the word $2. "--option=value" comes as three words.
_custody_word()
{
    local current=$1 before=$2 value
    if [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    elif [ "$current" = = ]; then
        current=
    fi
    value=$(_custody_value "$3" "$before")
    if [ -n "$value" ]; then
        _custody_offer "$current" "$value"
    elif [ "${current:0:1}" = - ]; then
        _custody_offer "$current" "$(_custody_options "$3")"
    else
        _custody_offer "$current" "$(_custody_operand "$3")"
    fi
}

_custody()
{
    local first=${COMP_WORDS[1]} at=1 word group
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        _custody_offer "$2" "$_custody_commands help --help --version"
        return
    fi
    if [ "$first" = help ]; then
        first=${COMP_WORDS[2]}
        at=2
        [ "$COMP_CWORD" != 2 ] || { _custody_offer "$2" "$_custody_commands"; return; }
    fi
    for group in $_custody_groups; do
        [ "$group" = "$first" ] || continue
        [ "$COMP_CWORD" != $((at + 1)) ] || { _custody_offer "$2" "$(_custody_seconds "$group") --help"; return; }
        first="$first ${COMP_WORDS[at + 1]}"
    done
    [ "$at" = 1 ] || return
    for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        if [ "$word" = -- ] && [ "$first" = run ]; then
            mapfile -t COMPREPLY < <(compgen -c -f -- "$2")
            return
        fi
    done
    _custody_word "$2" "$3" "$first"
}

_custody_program()
{
    COMPREPLY=()
    _custody_word "$2" "$3" "${1##*/}"
}

complete -F _custody custody
complete -F _custody_program custody-verify custodyd
'''


def bash_cases(rows):
    """Arms of a case; rows without an answer are left out."""
    return '\n'.join(f'    {pattern}) echo {quote(answer)} ;;' for pattern, answer in rows if answer)


def quote(text):
    """A word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def operand_kind(command):
    """What completes its operands."""
    return ' '.join(command.words()) or ('files' if command.takes_file() else '-')


def bash(commands, programs):
    """The script."""
    groups = groups_of(commands)
    everything = [*((command.name, command.options) for command in commands), *programs.items()]
    values = [(' | '.join(quote(f'{name} {flag}') for flag in flags(option)), value_kind(option) or '-')
              for name, options in everything for option in options if option.kind != 'flag']
    blocks = {
        'GROUPS': ' '.join(groups),
        'FIRST': ' '.join(first_words(commands)),
        'SECONDS': bash_cases((quote(group), ' '.join(seconds)) for group, seconds in groups.items()),
        'OPTIONS': bash_cases((quote(name), ' '.join(f'--{option.name}' for option in options))
                              for name, options in everything),
        'VALUES': bash_cases(values),
        'OPERANDS': bash_cases([*((quote(command.name), operand_kind(command)) for command in commands),
                                ("'custody-verify'", 'files'), ("'custodyd'", '-')]),
    }
    return re.sub(r'@([A-Z]+)@', lambda found: blocks[found[1]], BASH)


# --- zsh ---------------------------------------------------------------------------------------------------

ZSH = r'''#compdef custody custody-verify custodyd
# SPDX-License-Identifier: Apache-2.0
# zsh completion for custody, custody-verify and custodyd. Generated from their own tables of options.

_custody_arguments()
{
    case $1 in
@ARGUMENTS@
    esac
}

_custody_first()
{
    local -a commands=(
@DESCRIBED@
    )
    _describe -t commands command commands
}

_custody_second()
{
    local -a commands
    case $1 in
@SECONDS@
    esac
    _describe -t commands command commands
}

_custody()
{
    local curcontext=$curcontext state line
    typeset -A opt_args
    if [[ $service != custody ]]; then
        _custody_arguments $service
        return
    fi
    if (( CURRENT > 2 )) && [[ $words[2] == help ]]; then
        shift words
        (( CURRENT-- ))
        if (( CURRENT == 2 )); then
            _custody_first
        elif (( CURRENT == 3 )); then
            _custody_second $words[2]
        fi
        return
    fi
    if (( CURRENT == 2 )); then
        _custody_first
        return
    fi
    case $words[2] in
    @GROUPS@)
        if (( CURRENT == 3 )); then
            _custody_second $words[2]
            return
        fi
        local name="$words[2] $words[3]"
        shift 2 words
        (( CURRENT -= 2 ))
        _custody_arguments $name
        ;;
    *)
        shift words
        (( CURRENT-- ))
        _custody_arguments $words[1]
        ;;
    esac
}

_custody "$@"
'''


def zsh_escaped(text):
    """Text inside a specification of _arguments."""
    return re.sub(r'([\[\]:\\])', r'\\\1', text)


def zsh_action(kind):
    """What completes a value."""
    if kind == 'files':
        return '_files'
    return '_files -/' if kind == 'folders' else f'({kind})' if kind else ' '


def zsh_specs(option):
    """What _arguments takes: one word for each way to write the option."""
    both = f'({" ".join(flags(option))})' if option.letter and option.kind != 'list' else ''
    before = '*' if option.kind == 'list' else both
    help_text = f'[{zsh_escaped(option.help)}]' if option.help else ''
    value = f':{zsh_escaped(option.value)}:{zsh_action(value_kind(option))}' if option.kind != 'flag' else ''
    for flag in flags(option):
        sign = '' if option.kind == 'flag' else '=' if flag.startswith('--') else '+'
        yield quote(f'{before}{flag}{sign}{help_text}{value}')


def zsh_arguments(name, options, operands):
    """One arm."""
    specs = [spec for option in options for spec in zsh_specs(option)] + [quote(one) for one in operands]
    lines = ' \\\n        '.join(specs)
    return f'    {quote(name)}) _arguments -s \\\n        {lines} ;;'


def zsh_operands(command):
    """The specification of what stands between the options."""
    if command.rest:
        return ['*::command:_normal']
    kind = operand_kind(command)
    if not command.operands:
        return []
    return ['*:' + zsh_escaped(command.operands) + ':' + zsh_action('' if kind == '-' else kind)]


def zsh_described(rows):
    """Commands with what they do."""
    return '\n'.join('        ' + quote(f'{name}:{summary}') for name, summary in rows)


def zsh(commands, programs):
    """The script."""
    groups = groups_of(commands)
    by_name = {command.name: command for command in commands}
    first = [(word, by_name[word].summary if word in by_name else f'{word} commands') for word in first_words(commands)]
    seconds = []
    for group, words in groups.items():
        rows = zsh_described((word, by_name[f'{group} {word}'].summary) for word in words)
        seconds.append(f'    {group}) commands=(\n{rows}\n        ) ;;')
    arms = [zsh_arguments(command.name, command.options, zsh_operands(command)) for command in commands]
    arms += [zsh_arguments(name, options, ['*:file:_files'] if name == 'custody-verify' else [])
             for name, options in programs.items()]
    blocks = {'ARGUMENTS': '\n'.join(arms), 'DESCRIBED': zsh_described(first), 'SECONDS': '\n'.join(seconds),
              'GROUPS': '|'.join(groups)}
    return re.sub(r'@([A-Z]+)@', lambda found: blocks[found[1]], ZSH)


# --- both --------------------------------------------------------------------------------------------------

def groups_of(commands):
    """{first word: second words} of the commands with two words."""
    groups = {}
    for command in commands:
        first, _, second = command.name.partition(' ')
        if second:
            groups.setdefault(first, []).append(second)
    return groups


def first_words(commands):
    """The first words, each once, in the order of help."""
    return list(dict.fromkeys(command.name.split()[0] for command in commands))


def main():
    """Writes the script."""
    shell, table, verify_help, daemon_help, out = sys.argv[1:]
    commands = command_table.read(table)
    programs = {'custody-verify': options_of_help(verify_help), 'custodyd': options_of_help(daemon_help)}
    text = {'bash': bash, 'zsh': zsh}[shell](commands, programs)
    with open(out, 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    main()

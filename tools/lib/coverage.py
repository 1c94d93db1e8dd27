# SPDX-License-Identifier: Apache-2.0
"""Sums up gcovr's report by layer, and names the lines that never ran; tools/coverage calls it."""

import json
import os
import sys

from meson_build import TOP


def of_layer(files, layer):
    """The files of a layer, by name."""
    return sorted((one for one in files if one['file'].startswith(f'src/{layer}/')), key=lambda one: one['file'])


def counted(files):
    """Lines and branches of the files: how many ran, of how many."""
    lines = [line for one in files for line in one['lines'] if not line.get('gcovr/noncode')]
    branches = [branch for line in lines for branch in line['branches']]
    return (sum(line['count'] > 0 for line in lines), len(lines),
            sum(branch['count'] > 0 for branch in branches), len(branches))


def share(part, whole):
    """A percentage as text."""
    return f'{100 * part / whole:5.1f} %' if whole else '    -  '


def missed(one):
    """The numbers of the lines that never ran, once each."""
    ran = {}
    for line in one['lines']:
        if not line.get('gcovr/noncode'):
            number = line['line_number']
            ran[number] = ran.get(number, False) or line['count'] > 0
    return [number for number in sorted(ran) if not ran[number]]


def print_missed(files):
    """Each line that never ran, with its text."""
    for one in files:
        with open(os.path.join(TOP, one['file']), encoding='utf-8') as file:
            text = file.read().splitlines()
        for number in missed(one):
            print(f'  {one["file"]}:{number}: {text[number - 1].strip()}')


def main():
    """Returns the exit status."""
    path, lines, layers = sys.argv[1], sys.argv[2] == 'yes', sys.argv[3:]
    with open(path, encoding='utf-8') as file:
        files = json.load(file)['files']
    print(f'{"layer":10} {"lines":>17} {"branches":>19}')
    for layer in layers:
        mine = of_layer(files, layer)
        if not mine:
            print(f'coverage: nothing was counted of src/{layer}', file=sys.stderr)
            return 1
        ran, all_lines, taken, all_branches = counted(mine)
        print(f'{layer:10} {share(ran, all_lines)} of {all_lines:5} {share(taken, all_branches):>9} of {all_branches:5}')
        if lines:
            print_missed(mine)
    return 0


if __name__ == '__main__':
    sys.exit(main())

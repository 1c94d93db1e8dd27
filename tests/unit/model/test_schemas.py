# SPDX-License-Identifier: Apache-2.0
"""
The schemas of spec/schemas and the tables of spec/statements.md say what the program's own tables of shapes say,
which `dump-shapes` prints: the same members, the same ones required, the same bounds and words. Every example fits
its schema, and none does with a member taken away or added.
"""

import copy
import json
import os
import re
import subprocess
import sys

import contract
from contract import TOP, expect_equal, expect_none
from json_schema import Schemas

SCHEMAS = Schemas(os.path.join(TOP, 'spec', 'schemas'))
EXAMPLES = os.path.join(TOP, 'tests', 'vectors', 'statements')
SHAPES = json.loads(subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout)
TYPES = {one['name']: one for one in SHAPES['types']}
OTHERS = {'common.json', 'envelope.json', 'entry.json', 'report.json'}  # no statements; report.json: tests/unit/cli/test_live.py
LINK = [{'name': 'sha256', 'kind': 'hash', 'optional': False}, {'name': 'type', 'kind': 'text', 'optional': False}]
HOLD_NEEDS = ('approvals', 'roles')
# What the program asks beyond its tables of shapes.
NARROWER = {'rules/key_custody': ['hardware'], 'quorum/key_custody': ['hardware']}
RAW = {'policy': SHAPES['policy'], 'links': LINK}


def _read(name, file):
    with open(os.path.join(EXAMPLES, name, file), encoding='utf-8') as text:
        return text.read()


def _body(name):
    return json.loads(_read(name, 'body.json'))


def _spec():
    with open(os.path.join(TOP, 'spec', 'statements.md'), encoding='utf-8') as file:
        return file.read()


def _members_of(field):
    """The members of what a field holds; none where it holds no object, or one with names of its own."""
    return field.get('members') or RAW.get(field['name'] if field['kind'] == 'raw' else None)


def _objects(value, members, path=()):
    """Each object in a statement as (path, members), outer ones first."""
    yield path, members
    for field in members:
        inner = _members_of(field)
        if not inner or field['name'] not in value:
            continue
        held = value[field['name']]
        if isinstance(held, dict):
            yield from _objects(held, inner, path + (field['name'],))
        for number, item in enumerate(held if isinstance(held, list) else []):
            yield from _objects(item, inner, path + (field['name'], number))


def _at(value, path):
    for step in path:
        value = value[step]
    return value


def each_type_has_a_schema_and_an_example():
    expect_equal(set(SCHEMAS.files) - OTHERS, {name + '.json' for name in TYPES})
    expect_equal(set(os.listdir(EXAMPLES)), set(TYPES))
    for name in TYPES:
        expect_equal(SCHEMAS.files[name + '.json']['title'], name)


def every_example_fits():
    wrong = []
    for name in TYPES:
        wrong += [f'{name}: {error}' for error in SCHEMAS.errors(_body(name), name + '.json')]
        envelope = json.loads(_read(name, 'envelope.json'))
        wrong += [f'{name}, envelope: {error}' for error in SCHEMAS.errors(envelope, 'envelope.json')]
        entry = {'index': 0, 'time': 0, 'statement': envelope}
        wrong += [f'{name}, entry: {error}' for error in SCHEMAS.errors(entry, 'entry.json')]
    expect_none(wrong, 'examples that do not fit')


def no_example_fits_the_schema_of_another_type():
    for name in TYPES:
        for other in TYPES:
            if name != other and not SCHEMAS.errors(_body(name), other + '.json'):
                raise AssertionError(f'{name} passes as {other}')


def a_member_less_fits_only_where_it_is_optional():
    wrong = []
    for name, shape in TYPES.items():
        body = _body(name)
        for path, members in _objects(body, shape['members']):
            for field in members:
                changed = copy.deepcopy(body)
                if _at(changed, path).pop(field['name'], None) is None:
                    continue
                fits = not SCHEMAS.errors(changed, name + '.json')
                # A hold says who decides; and an object may not be left with nothing in it.
                needed = not _at(changed, path) or (path[-2:-1] == ('rules',) and field['name'] in HOLD_NEEDS)
                if fits != (field['optional'] and not needed):
                    wrong.append(f'{name}/{"/".join(map(str, path))}: {field["name"]}')
    expect_none(wrong, 'members whose absence is judged wrongly')


def a_member_more_never_fits():
    wrong = []
    for name, shape in TYPES.items():
        body = _body(name)
        for path, _ in _objects(body, shape['members']):
            for stranger in ('stranger', '', 'Type'):
                changed = copy.deepcopy(body)
                _at(changed, path)[stranger] = 1
                if not SCHEMAS.errors(changed, name + '.json'):
                    wrong.append(f'{name}/{"/".join(map(str, path))}')
    expect_none(wrong, 'objects that take a stranger')


def a_default_is_said_by_leaving_out():
    wrong = []
    for name, shape in TYPES.items():
        body = _body(name)
        for path, members in _objects(body, shape['members']):
            for field in members:
                if not field['optional']:
                    continue
                for default in (0, False, [], {}, '', *field.get('words', [])[:1]):
                    changed = copy.deepcopy(body)
                    _at(changed, path)[field['name']] = default
                    if not SCHEMAS.errors(changed, name + '.json'):
                        wrong.append(f'{name}/{"/".join(map(str, path))}/{field["name"]}: {default!r}')
    expect_none(wrong, 'defaults that are taken')


def _resolved(schema, home):
    """The schema with its references followed; what stands beside a reference counts as well."""
    while '$ref' in schema:
        target, home = SCHEMAS.resolve(schema['$ref'], home)
        schema = {**target, **{key: value for key, value in schema.items() if key != '$ref'}}
    return schema, home


def _reference(schema):
    return schema.get('$ref', '').rpartition('/')[2]


def _words_of(field, path):
    """The words that a member may be: where it is optional the first one is said by leaving it out."""
    words = field['words'][int(field['optional']):]
    return NARROWER.get('/'.join(path.split('/')[-2:]), words)


def _compare_value(field, schema, home, path, wrong):
    reference = _reference(schema)
    schema, home = _resolved(schema, home)
    kind = field['kind']
    if kind == 'text' and 'const' not in schema and reference != field['grammar']:
        wrong.append(f'{path}: {reference}, not {field["grammar"]}')
    if kind in ('hash', 'bits') and reference not in ((kind, 'commitment') if kind == 'hash' else (kind,)):
        wrong.append(f'{path}: {reference}, not {kind}')
    if kind == 'hash' and (reference == 'commitment') != field['commitment']:
        wrong.append(f'{path}: a commitment in one of the two')
    if kind == 'number' and schema.get('maximum') != field['max']:
        wrong.append(f'{path}: at most {schema.get("maximum")}, not {field["max"]}')
    if kind == 'word' and schema.get('enum') != _words_of(field, path):
        wrong.append(f'{path}: {schema.get("enum")}, not {_words_of(field, path)}')
    if kind == 'object' or (kind == 'raw' and field['name'] == 'policy'):
        _compare(_members_of(field), schema, home, path, wrong)


def _compare(members, schema, home, path, wrong):
    """The members of a shape against an object of a schema."""
    schema, home = _resolved(schema, home)
    names = {field['name'] for field in members}
    required = {field['name'] for field in members if not field['optional']}
    if schema.get('additionalProperties') is not False:
        wrong.append(f'{path}: open')
    if set(schema['properties']) != names or list(schema['properties']) != sorted(names):
        wrong.append(f'{path}: {sorted(schema["properties"])}, not {sorted(names)}')
        return
    if schema['required'] != sorted(required):
        wrong.append(f'{path}: requires {schema["required"]}, not {sorted(required)}')
    for field in members:
        value, where = schema['properties'][field['name']], home
        if 'list_max' in field:
            value, where = _resolved(value, where)
            bounds = (value.get('minItems', 0), value.get('maxItems'))
            if bounds != (max(field['list_min'], int(field['optional'])), field['list_max']):
                wrong.append(f'{path}/{field["name"]}: {bounds} items')
            value = value['items']
        _compare_value(field, value, where, f'{path}/{field["name"]}', wrong)


def schemas_have_the_members_of_the_program():
    wrong = []
    for name, shape in TYPES.items():
        _compare(shape['members'], SCHEMAS.files[name + '.json'], name + '.json', name, wrong)
    expect_none(wrong, 'members that differ')


def every_common_form_is_used():
    said = json.dumps(SCHEMAS.files)
    unused = [name for name in SCHEMAS.files['common.json']['$defs'] if f'#/$defs/{name}"' not in said]
    expect_none(unused, 'forms that no schema uses')


def _rows(text):
    """The first table of a text that has a column 'required', as {member: (form, required)}."""
    rows = {}
    for line in text.split('| member | form | required |', 1)[1].splitlines()[2:]:
        if not line.startswith('|'):
            break
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        rows[cells[0].strip('`')] = (cells[1], cells[2])
    return rows


def _compare_rows(rows, members, what, wrong):
    if list(rows) != sorted(rows) or set(rows) != {field['name'] for field in members}:
        wrong.append(f'{what}: {list(rows)}')
        return
    for field in members:
        form, required = rows[field['name']]
        if required != ('no' if field['optional'] else 'yes'):
            wrong.append(f'{what}: {field["name"]} is required: {required}')
        if (form == 'commitment') != field['commitment']:
            wrong.append(f'{what}: {field["name"]} is a commitment in one of the two')
        for word in field.get('words', []):
            if f'`{word}`' not in form:
                wrong.append(f'{what}: {field["name"]} lacks {word}')
        bounds = f'{field.get("list_min")} to {field.get("list_max")} '
        if 'list_max' in field and not form.startswith(bounds):
            wrong.append(f'{what}: {field["name"]}: {form}')


def _section(text, heading):
    return re.split(r'^## ', text.split(f'\n## {heading}\n', 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def the_specification_has_the_members_of_the_program():
    text, wrong = _spec(), []
    anything = next(iter(TYPES.values()))['members']
    common = [field for field in anything if all(field in shape['members'] for shape in TYPES.values())]
    _compare_rows(_rows(_section(text, 'Common members')), common, 'Common members', wrong)
    enrolment = next(field for field in TYPES['actor.enrol']['members'] if field['name'] == 'enrolment')
    _compare_rows(_rows(_section(text, 'Enrolments')), enrolment['members'], 'Enrolments', wrong)
    for name, shape in TYPES.items():
        own = [field for field in shape['members'] if field not in common]
        _compare_rows(_rows(_section(text, f'`{name}`')), own, name, wrong)
    expect_none(wrong, 'tables of spec/statements.md that differ')


def _names(text, heading):
    """The first column of the table whose first heading this is."""
    table = text.split(f'| {heading} |', 1)[1].split('\n\n', 1)[0]
    return sorted(line.split('|')[1].strip(' `') for line in table.splitlines()[2:])


def _inner(members, *path):
    """The names of the members of what the member at a path holds."""
    for name in path:
        members = next(_members_of(field) for field in members if field['name'] == name)
    return sorted(field['name'] for field in members)


def the_tables_of_what_members_hold_name_it_all():
    text = _spec()
    expect_equal(_names(text, 'member of a clause'), _inner(TYPES['verdict']['members'], 'quorum'))
    expect_equal(_names(text, 'member of a scope'), _inner(TYPES['offer']['members'], 'scope'))
    with open(os.path.join(TOP, 'spec', 'policy.md'), encoding='utf-8') as file:
        text = file.read()
    expect_equal(_names(text, 'member'), _inner(SHAPES['policy']))
    expect_equal(_names(text, 'member of a rule'), _inner(SHAPES['policy'], 'rules'))


def the_specification_names_class_and_payload_type():
    text, wrong = _spec(), []
    for name, shape in TYPES.items():
        section = _section(text, f'`{name}`')
        signers = re.search(r'^Class: (\w+)\. Signed by: (.*)', section, re.MULTILINE)
        if not signers or signers.group(1) != shape['class']:
            wrong.append(f'{name}: class')
        elif (signers.group(2) == '`clerk`.') != shape['clerk']:
            wrong.append(f'{name}: signed by the clerk in one of the two')
        if f'| {shape["class"]} | `{shape["payload_type"]}` |' not in text:
            wrong.append(f'{name}: payload type')
        if shape['case'] != ({'after', 'case'} <= set(_rows(section))):
            wrong.append(f'{name}: of a case in one of the two')
    expect_none(wrong, 'sections of spec/statements.md that differ')


def the_examples_of_the_specification_are_the_vectors():
    text = _spec()
    for name in TYPES:
        blocks = re.findall(r'^```json\n(.*?)^```', _section(text, f'`{name}`'), re.MULTILINE | re.DOTALL)
        expect_equal([json.loads(block) for block in blocks], [_body(name)])


def the_checker_tells_good_from_bad():
    good = {'action': 'refund', 'agent': 'a'}
    common = SCHEMAS.files['common.json']['$defs']

    def fits(value, form):
        return SCHEMAS.fits(value, common[form], 'common.json')

    expect_equal([fits(good, 'match'), fits({}, 'match'), fits({'action': 1}, 'match')], [True, False, False])
    expect_equal([fits(value, 'number') for value in (0, 2**53 - 1, 2**53, -1, True, '1', 1.5)],
                 [True, True, False, False, False, False, False])
    expect_equal([fits(value, 'actor') for value in ('a/b', 'a', 'a/b\n', 'log/b', 'a/B', 'a' * 64 + '/b')],
                 [True, False, False, False, False, False])
    expect_equal([fits(value, 'signers') for value in (['log'], [], ['log', 'log'], ['x'], 'log')],
                 [True, False, False, False, False])
    expect_equal([fits(value, 'word') for value in ('a', 'a b', '', 'a"', 'a\\', 'x' * 128, 'x' * 129)],
                 [True, False, False, False, False, True, False])
    hold = {'effect': 'hold', 'approvals': 1, 'roles': ['a']}
    expect_equal([fits(hold, 'rule'), fits({'effect': 'hold'}, 'rule'), fits({**hold, 'effect': 'pass'}, 'rule')],
                 [True, False, False])
    ordered = {**hold, 'ordered': True}
    expect_equal([fits(ordered, 'rule'), fits({**ordered, 'distinct_parties': True}, 'rule')], [True, False])
    expect_equal([fits(value, 'decimal') for value in ('0', '12', '129.00', '01', '1.', '.5', '-1', '1e3', '1' * 41)],
                 [True, True, True, False, False, False, False, False, False])
    expect_equal([fits({'a': 1, 'b.c': 'x'}, 'facts'), fits({'A': 1}, 'facts'), fits({'a': []}, 'facts')],
                 [True, False, False])


contract.main([
    each_type_has_a_schema_and_an_example,
    every_example_fits,
    no_example_fits_the_schema_of_another_type,
    a_member_less_fits_only_where_it_is_optional,
    a_member_more_never_fits,
    a_default_is_said_by_leaving_out,
    schemas_have_the_members_of_the_program,
    every_common_form_is_used,
    the_specification_has_the_members_of_the_program,
    the_tables_of_what_members_hold_name_it_all,
    the_specification_names_class_and_payload_type,
    the_examples_of_the_specification_are_the_vectors,
    the_checker_tells_good_from_bad,
])

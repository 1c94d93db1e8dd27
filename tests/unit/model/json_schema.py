# SPDX-License-Identifier: Apache-2.0
"""
Checks JSON against the subset of JSON Schema 2020-12 that spec/schemas uses. A keyword that is not known here is
an error, so that nothing in a schema is passed over.
"""

import json
import os
import re

ANNOTATIONS = {'$schema', '$defs', 'title', 'description'}
TYPES = {'object': dict, 'array': list, 'string': str, 'integer': int, 'boolean': bool}


class Schemas:
    """The schemas of one folder, by file name."""

    def __init__(self, folder):
        self.files = {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                self.files[name] = json.load(file)

    def resolve(self, reference, home):
        """The schema that a reference in the file `home` names, and the file that it stands in."""
        name, _, pointer = reference.partition('#')
        home = name or home
        schema = self.files[home]
        for part in pointer.split('/')[1:]:
            schema = schema[part]
        return schema, home

    def errors(self, value, name):
        """What is wrong with the value by the schema in the file `name`; empty where nothing is."""
        return list(self._check(value, self.files[name], name, ''))

    def _check(self, value, schema, home, path):
        for keyword, argument in schema.items():
            if keyword in ANNOTATIONS or keyword in ('then', 'else'):
                continue
            check = CHECKS.get(keyword)
            if not check:
                raise AssertionError(f'{home}: keyword {keyword} is not known')
            for error in check(self, value, argument, schema, home, path):
                yield error if isinstance(error, str) and ': ' in error else f'{path or "/"}: {error}'

    def fits(self, value, schema, home):
        """Whether nothing is wrong."""
        return not list(self._check(value, schema, home, ''))


def _same(left, right):
    """Equal as JSON: true is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _is_type(value, name):
    return isinstance(value, TYPES[name]) and (name == 'boolean' or not isinstance(value, bool))


def _ref(schemas, value, argument, _schema, home, path):
    schema, where = schemas.resolve(argument, home)
    yield from schemas._check(value, schema, where, path)  # pylint: disable=protected-access


def _type(_schemas, value, argument, _schema, _home, _path):
    if not _is_type(value, argument):
        yield f'not of type {argument}'


def _const(_schemas, value, argument, _schema, _home, _path):
    if not _same(value, argument):
        yield f'not {argument!r}'


def _enum(_schemas, value, argument, _schema, _home, _path):
    if not any(_same(value, one) for one in argument):
        yield f'none of {argument}'


def _pattern(_schemas, value, argument, _schema, _home, _path):
    # In Python $ also matches before a last newline, which no other reader of schemas does.
    if isinstance(value, str) and not re.search(re.sub(r'(?<!\\)\$', r'\\Z', argument), value):
        yield f'does not match {argument}'


def _bound(kind, least):
    """A check of a size or number against its least or greatest value."""
    def check(_schemas, value, argument, _schema, _home, _path):
        if not isinstance(value, kind) or isinstance(value, bool):
            return
        number = value if kind is int else len(value)
        if (number < argument) if least else (number > argument):
            yield f'{number} where the bound is {argument}'
    return check


def _unique(_schemas, value, argument, _schema, _home, _path):
    if argument and isinstance(value, list) and len({json.dumps(one) for one in value}) != len(value):
        yield 'an item stands twice'


def _items(schemas, value, argument, _schema, home, path):
    for number, item in enumerate(value if isinstance(value, list) else []):
        yield from schemas._check(item, argument, home, f'{path}/{number}')  # pylint: disable=protected-access


def _required(_schemas, value, argument, _schema, _home, _path):
    if isinstance(value, dict):
        yield from (f'{name} is missing' for name in argument if name not in value)


def _properties(schemas, value, argument, _schema, home, path):
    for name, item in (value.items() if isinstance(value, dict) else ()):
        if name in argument:
            yield from schemas._check(item, argument[name], home,  # pylint: disable=protected-access
                                      f'{path}/{name}')


def _additional(schemas, value, argument, schema, home, path):
    for name, item in (value.items() if isinstance(value, dict) else ()):
        if name in schema.get('properties', {}):
            continue
        if argument is False:
            yield f'{name} is not known'
        else:
            yield from schemas._check(item, argument, home, f'{path}/{name}')  # pylint: disable=protected-access


def _names(schemas, value, argument, _schema, home, _path):
    for name in (value if isinstance(value, dict) else ()):
        if not schemas.fits(name, argument, home):
            yield f'the name {name!r}'


def _any_of(schemas, value, argument, _schema, home, _path):
    if not any(schemas.fits(value, one, home) for one in argument):
        yield 'fits none of the forms'


def _not(schemas, value, argument, _schema, home, _path):
    if schemas.fits(value, argument, home):
        yield 'has what it must not have'


def _if(schemas, value, argument, schema, home, path):
    branch = 'then' if schemas.fits(value, argument, home) else 'else'
    if branch in schema:
        yield from schemas._check(value, schema[branch], home, path)  # pylint: disable=protected-access


CHECKS = {
    '$ref': _ref, 'type': _type, 'const': _const, 'enum': _enum, 'pattern': _pattern,
    'minimum': _bound(int, True), 'maximum': _bound(int, False),
    'minLength': _bound(str, True), 'maxLength': _bound(str, False),
    'minItems': _bound(list, True), 'maxItems': _bound(list, False),
    'minProperties': _bound(dict, True), 'maxProperties': _bound(dict, False),
    'uniqueItems': _unique, 'items': _items, 'required': _required, 'properties': _properties,
    'additionalProperties': _additional, 'propertyNames': _names, 'anyOf': _any_of, 'not': _not, 'if': _if,
}

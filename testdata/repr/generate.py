"""Writes repr.jsonl, call.jsonl and characters.sha256: what repr and RQ's get_call_string print.

    python3.11 testdata/repr/generate.py

The interpreter needs rq, as those of the lab have it.
"""

import collections
import datetime
import decimal
import hashlib
import json
import math
import os
import pathlib
import random
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from cases import ALPHABETS, random_scalar, random_text, random_value  # noqa: E402
from rq.utils import get_call_string  # noqa: E402
from tagged import tag, text  # noqa: E402

DT, TD, TZ, UTC = datetime.datetime, datetime.timedelta, datetime.timezone, datetime.timezone.utc

VALUES = [
    None, True, False, 0, -1, 255, 2**63 - 1, 2**63, -(2**63), -(2**64), 10**100, -(10**4299),
    0.0, -0.0, 1.0, 1.5, 1e15, 1e16, 1e-4, 1e-5, 0.1, 1 / 3, 5e-324, 1.7e308, math.inf, -math.inf, math.nan, 1.7e9,
    0j, 1j, -1j, 1.5 + 2j, complex(-0.0, 1), complex(0.0, -0.0), complex(1, -0.0), complex(math.nan, 0), complex(0, math.nan),
    complex(math.inf, -math.inf), 1e16j, 1e-5 + 1e300j, complex(2, math.nan), complex(-0.0, -0.0),
    *[chr(c) for c in range(0x200)], *ALPHABETS,
    "it's", 'say "hi"', "it's \"both\"", "'", '"', '\\', "\\'", '\\"', '\ud800', 'a\udfffb', '\ud83d\ude00', '\u0378', '\U000e0100',
    '\u3000', '\u2007', '\u1680', '\u180e', '\ufffd', '\ufffe', '\U0001fffe', '\U000f0000', '\U0010fffd', 'é☃😀',
    b'', b'abc', bytes(range(256)), b"it's", b'"', b"'\"", b'\\', bytearray(b''), bytearray(b"a'\xff"), bytearray(b'\n\r\t\x00'),
    [], [1], [1, [2, [3, []]]], (), (1,), (1, 2), ((),), ([],), {}, {'a': 1}, {1: {2: {3: ()}}}, {None: True, 1.5: 'x', (1, 'a'): []},
    set(), {1}, {1, 2, 3}, {'a'}, frozenset(), frozenset({1}), {frozenset({1, 2})}, [set(), {(1,)}],
    collections.OrderedDict(), collections.OrderedDict(a=1), collections.OrderedDict([(1, [2]), ((3,), 'x')]),
    collections.defaultdict(None), collections.defaultdict(list, a=[1]), collections.defaultdict(int, {1: 2}),
    collections.defaultdict(decimal.Decimal, x=decimal.Decimal(1)),
    DT(2026, 1, 2), DT(2026, 1, 2, 3), DT(2026, 1, 2, 3, 4), DT(2026, 1, 2, 3, 4, 5), DT(2026, 1, 2, 3, 4, 5, 6), DT(2026, 1, 2, 3, 4, 0, 6),
    DT(1, 1, 1), DT(9999, 12, 31, 23, 59, 59, 999999), DT(2026, 1, 2, 3, 4, fold=1), DT(2026, 1, 2, 3, 4, 5, fold=1),
    DT(2026, 1, 2, 3, 4, tzinfo=UTC), DT(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), DT(2026, 1, 2, tzinfo=TZ(TD(hours=2))),
    DT(2026, 1, 2, 0, 0, 1, tzinfo=TZ(TD(hours=-3, minutes=-30))), DT(2026, 1, 2, tzinfo=TZ(TD(seconds=3601))), DT(2026, 1, 2, tzinfo=TZ(TD(0))),
    datetime.date(2026, 1, 2), datetime.date(1, 12, 31), datetime.time(), datetime.time(1, 2), datetime.time(1, 2, 3), datetime.time(1, 2, 0, 4),
    datetime.time(1, 2, fold=1), datetime.time(1, 2, tzinfo=UTC), datetime.time(1, 2, 3, 4, tzinfo=TZ(TD(hours=-5)), fold=1),
    TD(0), TD(1), TD(seconds=1), TD(microseconds=1), TD(1, 2, 3), TD(-1), TD(seconds=-1), TD(microseconds=-1), TD(days=999999999), TD(days=-999999999),
    TD(hours=36, milliseconds=250), TD.max, TD.min,
    *map(decimal.Decimal, ['1.5', '0', '-0', '1E+10', '1.50', 'NaN', 'Infinity', '-Infinity', '1E-7', '123456789.123456789']),
    uuid.UUID(int=0), uuid.UUID('12345678-1234-5678-1234-567812345678'), range(3), range(1, 3), range(5, -1, -2), range(0), range(0, 5, 1),
    pathlib.PosixPath('/a'), pathlib.PosixPath('.'), pathlib.PosixPath("it's/é"), list, decimal.Decimal, collections.OrderedDict, DT, int,
]


def fact(name, args, kwargs, limit):
    return {'func': name, 'args': tag(args), 'kwargs': tag(kwargs), 'max': limit or 0,
            'text': text(get_call_string(name, args, kwargs, limit))}


def long_values():
    for n in (0, 1, 73, 74, 75, 76, 160):
        yield 'x' * n
        yield 'é' * n
        yield '😀' * n
        yield '\n' * n
        yield "'" * n
        yield b'\xff' * n
        yield list(range(n))
        yield {i: str(i) for i in range(n)}
        yield [['a'] * n]
        yield 10**n
        yield '\ud800' * n
        yield '"' * (n // 2) + "'" * (n // 2)


def calls():
    yield fact('tasks.add', (), {}, 75)
    yield fact('tasks.add', (1, 2), {}, 75)
    yield fact('tasks.add', (1,), {'b': 3}, 75)
    yield fact('f', (), {'b': 1, 'a': 2, 'Z': 3, '_': 4, 'é': 5, '日': 6, '😀': 7, '\uffff': 8, 'a1': 9, 'a_': 10, 'ab': 11}, 75)
    yield fact('f', (), {'a': 1, 'a b': 2, 'a=': 3, 'a!': 4}, 75)
    for v in VALUES:
        yield fact('m.f', (v,), {}, 75)
    for v in long_values():
        for limit in (75, 1, 10, None):
            yield fact('m.f', (v, 1), {'k': v}, limit)
    rng = random.Random(5)
    for _ in range(300):
        args = tuple(random_value(rng, 3) for _ in range(rng.randrange(4)))
        kwargs = {'k' + random_text(rng): random_value(rng, 3) for _ in range(rng.randrange(4))}
        yield fact('m.f', args, kwargs, rng.choice([75, 75, 20, 3, None]))


def write(name, rows):
    with open(os.path.join(HERE, name), 'w') as f:
        for row in rows:
            f.write(json.dumps(row, separators=(',', ':')) + '\n')


if __name__ == '__main__':
    rng = random.Random(3)
    values = VALUES + [random_value(rng, 4) for _ in range(300)]
    write('repr.jsonl', ({'value': tag(v), 'repr': repr(v)} for v in values))
    write('call.jsonl', calls())
    with open(os.path.join(HERE, 'characters.sha256'), 'w') as f:
        f.write(hashlib.sha256('\n'.join(repr(chr(c)) for c in range(0x110000)).encode()).hexdigest() + '\n')

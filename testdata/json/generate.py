"""Writes encode.jsonl and decode.jsonl: what json.dumps and json.loads do.

    python3.11 testdata/json/generate.py
"""

import json
import math
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'repr'))
from cases import RANDOM_FLOATS, random_value  # noqa: E402
from tagged import tag  # noqa: E402

EDGES = [0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**40, -(10**40), 10**4299]

ENCODE = [
    ['tasks.add', None, [2, 3], {'b': 3}],
    ('tasks.add', None, (1,), {'y': 2.5}),
    [], (), {}, [[]], [{}], {'a': {}}, None, True, False, '', *EDGES,
    *[chr(c) for c in range(0x180)],
    'a"b\\c/d<e>&f', '\u2028\u2029', '\ud7ff\ue000\uffff', '\U00010000\U0001f600\U0010ffff',
    '\ud800', 'a\udfffb', '\udc00\ud800', '\ud83d \ude00', 'é' * 50, '日本語', '\ufeff',
    {1: 'a', 2.5: 'b', True: 'c', None: 'd', '1': 'e'}, {False: 0, 'false': 1}, {1e16: 0, -0.0: 1, 1e-7: 2},
    {float('inf'): 1, float('-inf'): 2, float('nan'): 3}, {10**30: 1}, {'é\n"': 1},
    [True, False, None, 1, 1.0, 'x', [1, (2, [3])]],
    0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 123456789012345678.0, 9999999999999998.0, 1e22, 1e23, 1e-4, 1e-5, 0.00012345,
    5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, math.inf, -math.inf, math.nan, math.pi, 1.7e9,
]

REFUSED = [b'a', bytearray(b'a'), {1, 2}, frozenset(), 1j, [b'x'], {'a': {1}}, {b'k': 1}, {(1, 2): 3}, 10**4300, range(3)]

DECODE = [
    '', ' ', 'null', ' \t\n\r true \t\n\r', 'false', 'nul', 'nulll', 'True', 'None', '\x0b1', '\x0c1', '\xa01',
    '0', '-0', '00', '01', '-01', '-', '+1', '1.', '.5', '1.5', '-1.5e3', '1e5', '1E+5', '1e-5', '1e', '1e+', '1.e5',
    '0.0', '-0.0', '-0e0', '1e308', '1e309', '-1e999', '1e-999', '1e999999999999', '0x10', '1_000', '1e1.5', '\u0661',
    '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '1' * 40,
    '1' * 4300, '1' * 4301, '-' + '1' * 4300, '1' * 5000 + '.5', '0.' + '1' * 5000,
    'NaN', 'Infinity', '-Infinity', '-NaN', '+Infinity', 'nan', 'inf', 'Infinit', 'Infinityx', '[NaN, -Infinity]',
    '""', '"a"', '"', '"a', '"\\', '"\\"', '"\\u"', '"\\u12"', '"\\u123"', '"\\u123g"', '"\\u1234"', '"\\u00E9"',
    '"\\x41"', '"\\a"', "'a'", '"\\b\\f\\n\\r\\t\\/\\\\\\""', '"\x7f"', '"\x80"', '"\u2028"', '"é日😀"',
    *['"%c"' % c for c in range(32)],
    '"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\\ud83d"', '"\\ude00"', '"\\ude00\\ud83d"', '"\\ud83d\\ud83d\\ude00"',
    '"\\ud83dx"', '"\\ud83d\\n"', '"\\ud83d\\u0041"', '"\\ud83d\\u00"', '"\\ud83d\\u', '"\\ud83d\\', '"\\u 123"', '"\\u+123"',
    '"\\u0000"', '"\\u007f\\u0080\\uffff"',
    '[]', '[ ]', '[', ']', '[1', '[1,', '[1,]', '[,1]', '[1 2]', '[1,,2]', '[1]2', '[1] ', ' [ 1 , 2 ] ', '[[], [[]]]', '[1}',
    '{}', '{ }', '{', '}', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" : 1 }', '{"a":1 "b":2}', '{a:1}', "{'a':1}",
    '{1:2}', '{"a":1,"b":2,"a":3}', '{"":0}', '{"a":{"b":{"c":[]}}}', '{"a":1]', '{"a",1}', '{,}', '{"\\ud800":1}',
    '//', '/**/1', '1 2', '\ufeff1', '[' * 90 + ']' * 90, '{"a":' * 90 + '1' + '}' * 90,
    '["tasks.add", null, [2, 3], {"b": 3}]', '[1,2.0,"x",null,true,false,{"k":[]}]',
    '{"job_id": "a", "func_name": "f", "status": "finished", "enqueued_at": "2026-11-23T10:28:34.537939+00:00"}',
]


def dumps(v):
    try:
        return {'value': tag(v), 'json': json.dumps(v)}
    except (TypeError, ValueError) as e:
        return {'value': tag(v), 'error': str(e)}


def loads(s):
    try:
        return {'text': s, 'value': tag(json.loads(s))}
    except ValueError:
        return {'text': s}


def write(name, rows):
    with open(os.path.join(HERE, name), 'w') as f:
        for row in rows:
            f.write(json.dumps(row, separators=(',', ':')) + '\n')


if __name__ == '__main__':
    rng = random.Random(11)
    values = [random_value(rng, 4, plain=True) for _ in range(300)]
    write('encode.jsonl', map(dumps, ENCODE + REFUSED + values))
    texts = [json.dumps(v, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1])) for v in values[:150]]
    texts = [t for t in texts if not any(0xD800 <= ord(c) < 0xE000 for c in t)]
    write('decode.jsonl', map(loads, DECODE + texts))
    with open(os.path.join(HERE, 'floats.jsonl'), 'w') as f:
        for x in RANDOM_FLOATS:
            f.write('["%s",%s]\n' % (struct.pack('>d', x).hex(), json.dumps(repr(x))))

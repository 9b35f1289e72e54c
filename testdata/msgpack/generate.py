"""Writes encode.jsonl and decode.jsonl: what msgpack.packb and unpackb do.

    python3.11 testdata/msgpack/generate.py

The interpreter needs msgpack, as those of the lab have it.
"""

import datetime
import decimal
import json
import os
import random
import sys
from collections import OrderedDict

import msgpack

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'repr'))
from cases import random_value  # noqa: E402
from tagged import tag  # noqa: E402

INTS = sorted({s * 2**e + d for e in (0, 5, 7, 8, 15, 16, 31, 32, 63, 64) for d in (-1, 0, 1) for s in (1, -1)})

ENCODE = [
    None, True, False, *INTS, 0.0, -0.0, 1.5, 1e300, float('inf'), float('nan'),
    *['x' * n for n in (0, 1, 31, 32, 255, 256, 65535, 65536)], 'é日😀', '\x00',
    *[b'x' * n for n in (0, 1, 255, 256, 65535, 65536)], bytearray(b''), bytearray(b'ab'), b'\xff',
    [], (), [1, [2, (3,)]], *[[None] * n for n in (15, 16, 65535, 65536)],
    {}, {'a': 1}, {1: 'x', None: 2, 1.5: b'y', True: 3, b'k': 4}, *[{i: None for i in range(n)} for n in (15, 16, 300)],
    {(1, 2): 3}, OrderedDict(b=1, a=[2]), ['tasks.add', None, [2, 3], {'b': 3}],
    {1}, frozenset(), 1j, decimal.Decimal(1), datetime.datetime(2026, 1, 2), datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
    datetime.date(2026, 1, 2), datetime.timedelta(1), range(2), '\ud800', {'a': [{1}]}, {'\udfff': 1}, [10**30],
]

DECODE = [
    '', 'c1', 'c0c0', '00', '7f', 'ff', 'e0', 'cc05', 'cd0005', 'ce00000005', 'cf0000000000000005', 'd0ff', 'd1ffff', 'd2ffffffff',
    'd3ffffffffffffffff', 'cfffffffffffffffff', 'd38000000000000000', 'ca3fc00000', 'ca7f800000', 'cb7ff0000000000000', 'cc', 'cd00', 'cb00',
    'a0', 'a161', 'a2c3a9', 'a1ff', 'a3eda080', 'a261', 'd900', 'd90161', 'da000161', 'db0000000161', 'dbffffffff61', 'd9', 'db000000',
    'c400', 'c401ff', 'c50001ff', 'c600000001ff', 'c6ffffffff', '90', '9101', '92 01', '9201', 'dc000101', 'dd0000000101', 'ddffffffff', 'dd00ffffff01',
    '80', '81a16101', '82a16101a16102', '8101', '810102', '8190c0', '8180c0', 'de0001a16101', 'df00000001a16101', 'dfffffffff', '81c401 ff01',
    '82a16101a162', '91' * 100 + 'c0', '81a161' * 100 + 'c0', '82c0010201', '83c3010102ca3f80000003',
    'd6ff00000000', 'd6ff5f5e1000', 'd7ff0000000000000000', 'd7ff000000045f5e1000', 'd7ffffffffff00000000', 'd7ffee6b280000000001',
    'c70cff000000010000000000000001', 'c70cff00000001ffffffffffffffff', 'c70cff3b9aca000000000000000001', 'c703ff000000', 'd4ff00', 'd6ff0000',
    'd40100', 'c7000100', 'c70005', 'c900000000ff', 'c8000005', 'd80000',
]


def packb(v):
    try:
        return {'value': tag(v), 'msgpack': msgpack.packb(v).hex()}
    except (TypeError, ValueError, OverflowError) as e:
        return {'value': tag(v), 'error': str(e)}


def unpackb(text):
    data = bytes.fromhex(text)
    try:
        v = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException) as e:
        return {'data': data.hex(), 'error': str(e) or type(e).__name__}
    if isinstance(v, msgpack.Timestamp):
        return {'data': data.hex(), 'timestamp': [v.seconds, v.nanoseconds]}
    if isinstance(v, msgpack.ExtType):
        return {'data': data.hex(), 'error': 'an extension type'}
    return {'data': data.hex(), 'value': tag(v)}


def write(name, rows):
    with open(os.path.join(HERE, name), 'w') as f:
        for row in rows:
            # One line of 65,536 Nones is enough to read.
            if len(str(row)) < 200000:
                f.write(json.dumps(row, separators=(',', ':')) + '\n')


if __name__ == '__main__':
    rng = random.Random(13)
    values = [random_value(rng, 4) for _ in range(200)]
    write('encode.jsonl', map(packb, ENCODE + values))
    rows = (packb(v) for v in values)
    write('decode.jsonl', map(unpackb, DECODE + [r['msgpack'] for r in rows if 'msgpack' in r]))

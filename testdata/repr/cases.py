"""Random values and floats for the corpora and the live tests."""

import random
import struct

ALPHABETS = [
    'abcXYZ019 _-.:/', '\x00\x07\n\r\t\x1b\x7f\\\'"', 'éßñ\xa0\xad\x85', '日本語ελ\u200b\u2028\ufeff',
    '😀\U0001f9ff\U000e0001\U0010ffff', '\ud800\udfff',
]


def random_text(rng):
    alphabet = ''.join(rng.sample(ALPHABETS, rng.choice([1, 1, 2, 4])))
    return ''.join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 3, 10, 40])))


def random_int(rng):
    return rng.randint(-1, 1) * rng.getrandbits(rng.choice([3, 8, 31, 53, 63, 64, 65, 200]))


def random_float(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return float(random_int(rng))
    if kind == 1:
        return round(rng.uniform(-1000, 1000), rng.randrange(6))
    if kind == 2:
        return rng.random() * 10.0 ** rng.randint(-8, 20)
    if kind == 3:
        return struct.unpack('>d', (rng.getrandbits(52) >> rng.randrange(52)).to_bytes(8, 'big'))[0]
    return struct.unpack('>d', rng.getrandbits(64).to_bytes(8, 'big'))[0]


def random_scalar(rng):
    return rng.choice([
        lambda: None, lambda: True, lambda: False, lambda: random_int(rng), lambda: random_float(rng),
        lambda: random_text(rng), lambda: random_text(rng),
    ])()


def random_value(rng, depth, plain=False):
    """A value of lists, tuples, dicts and scalars. A plain one has none but str keys."""
    kind = rng.randrange(8) if depth else 0
    n = rng.choice([0, 1, 2, 3, 5, 12])
    if kind == 5:
        return [random_value(rng, depth - 1, plain) for _ in range(n)]
    if kind == 6:
        return tuple(random_value(rng, depth - 1, plain) for _ in range(n))
    if kind == 7:
        key = random_text if plain else random_scalar
        return {key(rng): random_value(rng, depth - 1, plain) for _ in range(n)}
    return random_scalar(rng)


def _floats():
    rng = random.Random(7)
    out = [0.0, -0.0, 5e-324, 2.2250738585072009e-308, 2.2250738585072014e-308, 1.7976931348623157e308]
    for e in range(-330, 310):
        for m in ('1', '9.999999999999999', '1.0000000000000002', '%d.%d' % (rng.randint(1, 9), rng.getrandbits(50))):
            out.append(float('%se%d' % (m, e)))
    for e in range(-1074, 1024, 7):
        out.append(2.0**e)
        out.append(-(2.0**e) * (1 + 2**-52))
    for n in (10**15, 10**16, 2**53, 10**17):
        out.extend(float(n + d) for d in range(-3, 4))
    while len(out) < 6000:
        out.append(random_float(rng))
    return out


RANDOM_FLOATS = _floats()

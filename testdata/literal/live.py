"""Prints random texts with the repr of what ast.literal_eval makes of them.

    python3 -W ignore testdata/literal/live.py SEED COUNT

Half of them are literals, written in any of the ways there are, and the others
such literals with a few characters changed.
"""

import ast
import json
import random
import sys

from generate import outcome

SPACE = ['', '', '', ' ', '  ', '\t', '\x0c', ' \\\n']
NOISE = list('0123456789_.+-jJeExXoObB()[]{},:;#\'"\\ \n\t\r\x0cabfnrtuvUN') + ['é', '😀', '"""', "'''", '\\\n', 'set', 'None', '\\x', '\\u']
PIECES = ['a', 'b c', 'é', '😀', '\\n', '\\x41', '\\101', '\\0', '\\d', '\\\\', "\\'", '\\"', '\\\n', '#', '\t']
UNICODE = ['\\u00e9', '\\ud83d', '\\U0001F600', '\\N']


def digits(rng, alphabet, most=20):
    text = rng.choice(alphabet)
    for _ in range(rng.randrange(most)):
        text += rng.choice(['', '', '', '_']) + rng.choice(alphabet)
    return text


def number(rng):
    whole = digits(rng, '0123456789', 6)
    return rng.choice([
        lambda: str(rng.randrange(10 ** rng.randrange(1, 40))),
        lambda: whole,
        lambda: rng.choice(['0x', '0X']) + digits(rng, '0123456789abcdefABCDEF'),
        lambda: rng.choice(['0o', '0O']) + digits(rng, '01234567'),
        lambda: rng.choice(['0b', '0B']) + digits(rng, '01'),
        lambda: whole + '.' + rng.choice(['', digits(rng, '0123456789')]),
        lambda: '.' + digits(rng, '0123456789'),
        lambda: whole + rng.choice('eE') + rng.choice(['', '+', '-']) + digits(rng, '0123456789', 3),
        lambda: repr(rng.uniform(-1, 1) * 10 ** rng.randrange(-30, 30)).lstrip('-'),
        lambda: whole + rng.choice(['', '.5', 'e3']) + rng.choice('jJ'),
    ])()


def string(rng, of_bytes):
    prefix = rng.choice(['b', 'B', 'rb', 'bR'] if of_bytes else ['', '', '', 'r', 'u', 'R'])
    quote = rng.choice(['"', "'", '"""', "'''"])
    pieces = PIECES if of_bytes or 'r' in prefix.lower() else PIECES + UNICODE[:3]
    text = ''.join(rng.choice(pieces) for _ in range(rng.randrange(6)))
    if of_bytes:
        text = text.replace('é', 'e').replace('😀', '')
    return prefix + quote + text + quote


def literal(rng, depth):
    def s():
        return rng.choice(SPACE + (['\n', ' # a\n'] if depth < 4 else []))

    def joined(items):
        return s() + (s() + ',' + s()).join(items) + rng.choice(['', s() + ',']) * bool(items) + s()

    kind = rng.randrange(10 if depth else 6)
    if kind == 0:
        return rng.choice(['', '', '-', '+', '- ']) + number(rng)
    if kind == 1:
        return rng.choice(['', '-', '+']) + number(rng) + s() + rng.choice('+-') + s() + digits(rng, '0123456789', 4) + rng.choice(['.', '', 'e2']) + 'j'
    if kind in (2, 3):
        of_bytes = kind == 3
        return rng.choice(['', ' ']).join(string(rng, of_bytes) for _ in range(rng.choice([1, 1, 2, 3])))
    if kind == 4:
        return rng.choice(['None', 'True', 'False', '...', 'set()'])
    if kind == 5:
        return '(' + literal(rng, depth) + ')' if depth else '1'
    items = [literal(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        return '[' + joined(items) + ']'
    if kind == 7:
        return '(' + joined(items) + ')'
    if kind == 8:
        return '{' + joined([literal(rng, 0) + s() + ':' + s() + i for i in items]) + '}'
    return '{' + joined(items[:1]) + '}'


def mutated(rng, text):
    for _ in range(rng.randrange(1, 4)):
        i = rng.randrange(len(text) + 1)
        text = text[:i] + rng.choice([rng.choice(NOISE), '']) + text[i + rng.randrange(2) :]
    return text


def ordered(text):
    """Says whether the repr of a literal has an order: a set of several has Python's own."""
    try:
        return all(len(n.elts) < 2 for n in ast.walk(ast.parse(text.lstrip(' \t'), mode='eval')) if isinstance(n, ast.Set))
    except (ValueError, SyntaxError):
        return True


if __name__ == '__main__':
    rng = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        text = literal(rng, 4)
        if rng.random() < 0.5:
            text = mutated(rng, text)
        if ordered(text):
            print(json.dumps(outcome(text)))

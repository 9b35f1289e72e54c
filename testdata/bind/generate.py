"""Prints what Python makes of calls: the values its functions get, or the TypeError. Run with Python 3.11:

    python3.11 testdata/bind/generate.py > testdata/bind/calls.jsonl

Later versions add "Did you mean" to some of the errors.
"""

import itertools
import json


def nothing():
    return []


def one(a):
    return [a]


def pair(a, b):
    return [a, b]


def three(a, b, c):
    return [a, b, c]


def optional(a, b=None, c=None):
    return [a, b, c]


def lenient(a=None):
    return [a]


def rest(a, *args):
    return [a, args]


def keywords(a, **kwargs):
    return [a, kwargs]


def options(a, *, b, c=0):
    return [a, b, c]


def strict(*, a, b, c):
    return [a, b, c]


def mixed(a, b=None, *, c=0, **kwargs):
    return [a, b, c, kwargs]


def everything(a, b=None, *args, c, x=0, **kwargs):
    return [a, b, args, c, x, kwargs]


FUNCTIONS = [nothing, one, pair, three, optional, lenient, rest, keywords, options, strict, mixed, everything]
VALUES = {'a': 10, 'b': 20, 'c': 30, 'x': 40, 'y': 50}
NAMES = [names for n in range(3) for names in itertools.combinations(VALUES, n)] + [('y', 'x'), ('b', 'a'), ('c', 'b', 'a'), tuple(VALUES)]


def call(function, args, kwargs):
    line = {'func': function.__name__, 'args': args, 'kwargs': list(kwargs.items())}
    try:
        return {**line, 'got': function(*args, **kwargs)}
    except TypeError as error:
        return {**line, 'error': str(error)}


for function, count, names in itertools.product(FUNCTIONS, range(5), NAMES):
    print(json.dumps(call(function, list(range(1, count + 1)), {name: VALUES[name] for name in names}), separators=(',', ':')))

"""Values that are an int, a str, a list or a dict of another class, and the function of a job that returns one."""

import collections
import dataclasses
import enum
import http
import typing


class Level(enum.IntEnum):
    HIGH = 1000


class Perm(enum.IntFlag):
    R = 4
    W = 2


class Mode(enum.StrEnum):
    FAST = 'fast'


class Colour(str, enum.Enum):
    RED = 'red'


class Text(str):
    pass


class Cents(int):
    pass


class Ratio(float):
    pass


class Lines(list):
    pass


class Config(dict):
    pass


class Ordered(collections.OrderedDict):
    pass


class Pair(tuple):
    pass


class Point(typing.NamedTuple):
    x: int
    y: int


@dataclasses.dataclass(slots=True, frozen=True)
class Frozen:
    x: int
    y: int


INTS = [Level.HIGH, Perm.R | Perm.W, http.HTTPStatus.OK, Cents(-5)]
FLOATS = [Ratio(0.5), Cents(2)]
TEXTS = [Mode.FAST, Colour.RED, Text('snow \u2603')]
LISTS = [Lines([1, 2]), Pair((1,)), Point(1, 2), collections.deque([1, 2]), collections.deque([1], 3), [Level.HIGH]]
DICTS = [Config(a=1), Ordered(a=1, b=2), collections.Counter('aab'), collections.defaultdict(int, a=1), {Mode.FAST: Level.HIGH}]
POINTS = [Point(3, 4), Frozen(3, 4), Config(x=3, y=4)]
REFUSED = [
    ('list', Lines()), ('dict', Config()), ('str', ValueError('no')), ('list', Frozen(1, 2)), ('str', Level.HIGH),
    ('int', Mode.FAST), ('list', Text('a')), ('point', Text('a')),
]

KINDS = {'int': INTS, 'float': FLOATS, 'str': TEXTS, 'list': LISTS, 'dict': DICTS, 'point': POINTS, 'any': [v for k in (INTS, TEXTS, LISTS, DICTS) for v in k]}


def value(kind, index):
    return KINDS[kind][index]


def plain(kind, v):
    """The value that Go returns, as Python reads it."""
    if kind == 'point':
        return {'x': 3, 'y': 4}
    if kind == 'any':
        return v
    return {'int': int, 'float': float, 'str': lambda s: str.__str__(s), 'list': list, 'dict': dict}[kind](v)


def wrong(result):
    """Describes the values that came back otherwise. result(id) is the result of the job with that id."""
    bad = []
    for kind, values in KINDS.items():
        for i, v in enumerate(values):
            got, want = result(f'{kind}-{i}'), plain(kind, v)
            if got != want or kind == 'any' and (type(got), repr(got)) != (type(v), repr(v)):
                bad.append(f'{kind}-{i}: {got!r} for {want!r}')
    return bad

"""Classes of every kind that a job's arguments can be made of."""

import collections
import dataclasses
import datetime
import enum
import functools
import typing


class Order:
    """A plain object: all of it is in __dict__."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def total(self):
        return 0


class Empty:
    """A plain object without attributes."""


class Retry:
    """What rq.job.Retry looks like from outside."""

    def __init__(self, max, interval=0):
        self.max = max
        self.intervals = [interval] if isinstance(interval, int) else interval


class Outer:
    class Inner:
        def __init__(self, x):
            self.x = x

    class Color(enum.Enum):
        RED = 1


Point = collections.namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    name: str
    size: int = 0


class Named(tuple):
    """A subclass of tuple with attributes."""


@dataclasses.dataclass
class Item:
    name: str
    price: float = 0.0
    tags: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int
    b: str


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: object = None


class Slots:
    __slots__ = ("a", "b", "__dict__")


class Color(enum.Enum):
    RED = 1
    GREEN = "green"
    BLUE = (1, 2)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 1000


class Mode(enum.StrEnum):
    FAST = "fast"


class Perm(enum.Flag):
    R = 4
    W = 2


class Stack(list):
    pass


class Config(dict):
    pass


class Bag(set):
    pass


class Text(str):
    pass


class Number(int):
    pass


class OrderError(Exception):
    """Takes more than its message, and has attributes."""

    def __init__(self, message, code=0):
        super().__init__(message, code)
        self.code = code
        self.note = "note"


class Stateful:
    def __init__(self, state):
        self.state = state

    def __getstate__(self):
        return self.state

    def __setstate__(self, state):
        self.state = state


class NewArgs(int):
    def __new__(cls, a, b):
        return super().__new__(cls, a + b)

    def __getnewargs__(self):
        return (int(self), 0)


class Keyworded:
    def __new__(cls, a, *, b=2):
        self = super().__new__(cls)
        self.a, self.b = a, b
        return self

    def __getnewargs_ex__(self):
        return (self.a,), {"b": self.b}


class Reduced:
    """Uses every part of what __reduce__ may return."""

    def __init__(self, name):
        self.name, self.list, self.items = name, [], {}

    def append(self, x):
        self.list.append(x)

    def __setitem__(self, key, value):
        self.items[key] = value

    def __reduce__(self):
        state = {k: v for k, v in self.__dict__.items() if k not in ("list", "items")}
        return Reduced, (self.name,), state, iter(self.list), iter(self.items.items())


class Constant:
    """Reduces to a name, as a module's singletons do."""

    def __reduce__(self):
        return "CONSTANT"


CONSTANT = Constant()


class Zone(datetime.tzinfo):
    """A time zone of a library, as those of pytz and dateutil are."""

    def __init__(self, name="shop", minutes=90):
        self.name, self.minutes = name, minutes

    def utcoffset(self, dt):
        return datetime.timedelta(minutes=self.minutes)

    def dst(self, dt):
        return datetime.timedelta(0)

    def tzname(self, dt):
        return self.name


class BareZone(datetime.tzinfo):
    """A time zone with no more attributes than it is given."""


class SharedZone(Zone):
    """Comes back through a factory, as pytz.timezone(...) does."""

    def __reduce__(self):
        return shared_zone, (self.name,)


@functools.cache
def shared_zone(name):
    return SharedZone(name)


def add(a, b):
    return a + b


def node(**attributes):
    """An Order that refers to itself."""
    o = Order(**attributes)
    o.me = o
    return o

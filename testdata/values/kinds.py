"""Classes whose instances are an int, a str, a list or another builtin value, or have attributes."""

import collections
import dataclasses
import datetime
import enum
import http
import typing

import attrs
import pydantic
import pydantic.v1


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 1000


class Perm(enum.IntFlag):
    R = 4
    W = 2


class Colour(str, enum.Enum):
    RED = "red"


class Mode(enum.StrEnum):
    FAST = "fast"


class Plain(enum.Enum):
    ONE = 1
    NAME = "name"
    RATE = 0.5
    PAIR = (1, 2)
    TABLE = {"a": 1}


class Status(enum.IntEnum):
    OK = http.HTTPStatus.OK


class Answer(enum.Enum):
    """Its value is the member of another Enum."""

    YES = Level.HIGH


class Text(str):
    pass


class Cents(int):
    pass


class Ratio(float):
    pass


class Raw(bytes):
    pass


class Lines(list):
    pass


class Pair(tuple):
    pass


class Config(dict):
    pass


class Tags(set):
    pass


class Frozen(frozenset):
    pass


class Ordered(collections.OrderedDict):
    pass


class Default(collections.defaultdict):
    pass


class Tally(collections.Counter):
    pass


class Window(collections.deque):
    pass


class Point(typing.NamedTuple):
    x: int
    y: int


User = collections.namedtuple("User", "id name")


class Model(pydantic.BaseModel):
    id: int
    name: str


class Open(pydantic.BaseModel, extra="allow"):
    id: int


class OldModel(pydantic.v1.BaseModel):
    id: int
    name: str


class Nested(pydantic.BaseModel):
    id: int
    owner: Model


@attrs.define
class Slotted:
    id: int
    name: str


@attrs.define(slots=False)
class Dicted:
    id: int
    name: str


@dataclasses.dataclass
class Data:
    id: int
    name: str


@dataclasses.dataclass(slots=True)
class SlotData:
    id: int
    name: str


@dataclasses.dataclass(slots=True, frozen=True)
class FrozenData:
    id: int
    name: str


class FakeTime(datetime.datetime):
    """As those of freezegun."""


class FakeDay(datetime.date):
    pass


class Nothing:
    """Its instances have nothing in them."""


def with_attribute(v):
    v.note = "n"
    return v

"""Says what a value is without pickle, in the form that describe_test.go makes of a decoded one.

A description is a JSON array whose first element is a word for the type. A container that was
described before is ["ref", n], n counting containers in the order of their first description.
"""

import collections
import copyreg
import datetime
import decimal
import hashlib
import pathlib
import struct
import types
import uuid
import zoneinfo

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
LONG = 120
SINGLETON_TYPES = {type(None): None, type(...): ..., type(NotImplemented): NotImplemented}


class Describer:
    def __init__(self, protocol):
        self.protocol = protocol
        self.numbers = {}
        self.alive = []  # so that no id is used twice

    def __call__(self, v):
        scalar = self.scalar(v) or self.standard(v)
        if scalar:
            return scalar
        if is_global(v):
            return ["global", v.__module__ or "builtins", v.__qualname__]
        if type(v) in (list, tuple, frozenset) and not v:
            return [type(v).__name__, []]
        if id(v) in self.numbers:
            return ["ref", self.numbers[id(v)]]
        self.numbers[id(v)] = len(self.numbers)
        self.alive.append(v)
        return self.container(v)

    def scalar(self, v):
        kind = type(v)
        if v is None:
            return ["none"]
        if kind is bool:
            return ["bool", v]
        if kind is int:
            return ["int", hex(v)]
        if kind is float:
            return ["float", struct.pack(">d", v).hex()]
        if kind is complex:
            return ["complex", struct.pack(">dd", v.real, v.imag).hex()]
        if kind is str:
            return ["str", data(v.encode("utf-8", "surrogatepass"))]
        if kind is bytes:
            return ["bytes", data(v)]
        if kind is bytearray:
            return ["bytearray", data(v)]

    def standard(self, v):
        kind = type(v)
        if kind is datetime.datetime:
            return self.datetime(v)
        if kind is datetime.date:
            return ["date", v.year, v.month, v.day]
        if kind is datetime.time:
            return ["clock", v.hour, v.minute, v.second, v.microsecond, self.fold(v), self.clock_zone(v.tzinfo)]
        if kind is datetime.timedelta:
            if -(2**63) <= v // MICROSECOND * 1000 < 2**63:
                return ["duration", v // MICROSECOND]
            return ["timedelta", v.days, v.seconds, v.microseconds]
        if kind is decimal.Decimal:
            return ["decimal", str(v)]
        if kind is uuid.UUID:
            return ["uuid", str(v)]
        if kind is pathlib.PosixPath:
            return ["path", str(v)]
        if kind is range and max(abs(v.start), abs(v.stop), abs(v.step)) < 2**63:
            return ["range", v.start, v.stop, v.step]
        if v is Ellipsis or v is NotImplemented:
            return ["global", "builtins", repr(v)]

    def fold(self, v):
        return v.fold if self.protocol >= 4 else 0  # older protocols have no place for it

    def datetime(self, v):
        tz = v.tzinfo
        if tz is None or not (whole_zone(tz) or isinstance(tz, zoneinfo.ZoneInfo)):
            fields = [v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, self.fold(v)]
            return ["datetime", *fields, self(tz)]
        v = v.replace(fold=self.fold(v))
        if v.utcoffset() and isinstance(tz, zoneinfo.ZoneInfo):
            v = v.astimezone(datetime.timezone.utc).astimezone(tz)  # out of the hour that is skipped in spring
        return ["instant", (v - EPOCH) // MICROSECOND, v.utcoffset() // datetime.timedelta(seconds=1)]

    def clock_zone(self, tz):
        if whole_zone(tz):
            return ["zone", tz.utcoffset(None) // datetime.timedelta(seconds=1)]
        return self(tz)

    def container(self, v):
        kind = type(v)
        if kind in (list, tuple, set, frozenset):
            return [kind.__name__, [self(x) for x in v]]
        if kind is dict:
            return ["dict", self.items(v.items())]
        if kind is collections.OrderedDict:
            return ["OrderedDict", self.items(v.items())]
        if kind is collections.defaultdict and (v.default_factory is None or is_global(v.default_factory)):
            return ["defaultdict", self(v.default_factory), self.items(v.items())]
        return self.object(v)

    def items(self, items):
        return [[self(k), self(x)] for k, x in items]

    def object(self, v):
        reduced = self.reduce(v)
        self.alive.append(reduced)
        if isinstance(reduced, str):
            return ["global", v.__module__, reduced]
        callable, args, state, appended, items = (*reduced, None, None, None)[:5]
        if callable is getattr and is_global(args[0]) and self.protocol < 4:
            return ["global", args[0].__module__, args[0].__qualname__ + "." + args[1]]
        kwargs, new = None, False
        if callable is copyreg.__newobj__:
            callable, args, new = args[0], args[1:], True
        elif callable is copyreg.__newobj_ex__ and self.protocol >= 4:
            (callable, args, kwargs), new = args, True
        elif callable is copyreg._reconstructor and args[1] is object:
            callable, args, new = args[0], (), True
        return [
            "object",
            self(callable),
            new,
            [self(a) for a in args],
            None if kwargs is None else self.items(kwargs.items()),
            [self(x) for x in appended or ()],
            self.items(items or ()),
            None if state is None else self(state),
        ]


    def reduce(self, v):
        if isinstance(v, type) and v in SINGLETON_TYPES:
            return type, (SINGLETON_TYPES[v],)
        if type(v) in copyreg.dispatch_table:
            return copyreg.dispatch_table[type(v)](v)
        return v.__reduce_ex__(self.protocol)


def is_global(v):
    if isinstance(v, types.BuiltinFunctionType):
        return v.__self__ is None or isinstance(v.__self__, types.ModuleType)
    return isinstance(v, (type, types.FunctionType)) and v not in SINGLETON_TYPES


def whole_zone(tz):
    return type(tz) is datetime.timezone and tz.utcoffset(None) % datetime.timedelta(seconds=1) == datetime.timedelta(0)


def data(b):
    if len(b) > LONG:
        return f"{len(b)} {hashlib.sha256(b).hexdigest()}"
    return b.hex()

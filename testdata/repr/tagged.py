"""The notation in which the corpora hold Python values: [type, payload...]."""

import collections
import datetime
import decimal
import pathlib
import uuid


def text(s):
    return s.encode('utf-8', 'surrogatepass').hex()


def number(f):
    return f.hex()


def offset(tz, moment):
    if tz is None:
        return None
    if tz is datetime.timezone.utc:
        return 'utc'
    if hasattr(tz, 'key'):
        return tz.key
    return int(tz.utcoffset(moment).total_seconds() * 10**6)


def tag(v):
    t = type(v)
    if v is None:
        return ['none']
    if t is bool:
        return ['bool', v]
    if t is int:
        return ['int', hex(v)]
    if t is float:
        return ['float', number(v)]
    if t is complex:
        return ['complex', number(v.real), number(v.imag)]
    if t is str:
        return ['str', text(v)]
    if t in (bytes, bytearray):
        return [t.__name__, v.hex()]
    if t in (list, tuple, set, frozenset):
        return [t.__name__, [tag(x) for x in v]]
    if t in (dict, collections.OrderedDict):
        return [t.__name__, [[tag(k), tag(x)] for k, x in v.items()]]
    if t is collections.defaultdict:
        return ['defaultdict', tag(v.default_factory), [[tag(k), tag(x)] for k, x in v.items()]]
    if t is range:
        return ['range', v.start, v.stop, v.step]
    if t is datetime.datetime:
        return ['datetime', v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, v.fold,
                offset(v.tzinfo, v)]
    if t is datetime.date:
        return ['date', v.year, v.month, v.day]
    if t is datetime.time:
        return ['time', v.hour, v.minute, v.second, v.microsecond, v.fold, offset(v.tzinfo, None)]
    if t is datetime.timedelta:
        return ['timedelta', v.days, v.seconds, v.microseconds]
    if t is decimal.Decimal:
        return ['decimal', str(v)]
    if t is uuid.UUID:
        return ['uuid', str(v)]
    if t is pathlib.PosixPath:
        return ['path', str(v)]
    if t is type:
        return ['global', v.__module__, v.__qualname__]
    raise TypeError(t)

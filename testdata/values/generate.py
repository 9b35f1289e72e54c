"""Writes values.jsonl: pickles of values whose class is no builtin, and the builtin value of each. Run it by hand:

    python3.11 -m venv env && env/bin/pip install attrs==26.1.0 django==5.2.19 numpy==2.4.6 pandas==3.1.1 pydantic==2.14.4 python-dateutil==4.0.0 pytz==2026.6
    env/bin/python testdata/values/generate.py

Each line has the name of a case, the Go type that a test assigns to, the protocol, the pickle (base64),
and the value as JSON. A case without a value fits no such type.
"""

import base64
import collections
import datetime
import fractions
import http
import ipaddress
import json
import os
import pathlib
import pickle
import sys
import warnings
from zoneinfo import ZoneInfo

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
if sys.version_info[:2] != (3, 11):
    sys.exit("the values are what CPython 3.11 writes")
if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets of str depends on it
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytz  # noqa: E402
from dateutil import tz  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import models  # noqa: E402
from django.utils.safestring import mark_safe  # noqa: E402

import kinds  # noqa: E402

settings.configure(USE_I18N=False)
kinds.Size = models.TextChoices("Size", "SMALL LARGE", module="kinds")
kinds.Rank = models.IntegerChoices("Rank", "FIRST SECOND", module="kinds")

user = {"id": 7, "name": "Ann"}
REFUSED = object()
UTC = datetime.timezone.utc
berlin = pytz.timezone("Europe/Berlin")

# name, value, Go type, the value as JSON
CASES = [
    ("int enum", kinds.Level.HIGH, "int", 1000),
    ("int flag", kinds.Perm.R | kinds.Perm.W, "int", 6),
    ("HTTPStatus", http.HTTPStatus.NOT_FOUND, "int", 404),
    ("int enum of HTTPStatus", kinds.Status.OK, "int", 200),
    ("enum of an enum", kinds.Answer.YES, "int", 1000),
    ("int subclass", kinds.Cents(-250), "int", -250),
    ("int subclass, attribute", kinds.with_attribute(kinds.Cents(5)), "int", 5),
    ("int subclass, into float", kinds.Cents(3), "float64", 3.0),
    ("big int subclass", kinds.Cents(2**63), "uint64", 2**63),
    ("IntegerChoices", kinds.Rank.SECOND, "int", 2),
    ("plain enum of int", kinds.Plain.ONE, "int", 1),
    ("float subclass", kinds.Ratio(0.25), "float64", 0.25),
    ("plain enum of float", kinds.Plain.RATE, "float64", 0.5),
    ("str enum", kinds.Mode.FAST, "string", "fast"),
    ("str and Enum", kinds.Colour.RED, "string", "red"),
    ("plain enum of str", kinds.Plain.NAME, "string", "name"),
    ("str subclass", kinds.Text("snow \u2603"), "string", "snow \u2603"),
    ("str subclass, empty", kinds.Text(), "string", ""),
    ("str subclass, attribute", kinds.with_attribute(kinds.Text("a")), "string", "a"),
    ("SafeString", mark_safe("<b>"), "string", "<b>"),
    ("TextChoices", kinds.Size.LARGE, "string", str(kinds.Size.LARGE)),
    ("IPv4Address", ipaddress.ip_address("10.0.0.1"), "string", "10.0.0.1"),
    ("IPv4Address, into an address", ipaddress.ip_address("255.0.0.1"), "netip.Addr", "255.0.0.1"),
    ("IPv4Network", ipaddress.ip_network("10.0.0.0/8"), "string", "10.0.0.0/8"),
    ("Fraction", fractions.Fraction(-3, 6), "string", "-1/2"),
    ("Fraction, whole", fractions.Fraction(4), "string", "4"),
    ("Fraction, into a big.Rat", fractions.Fraction(1, 3), "big.Rat", "1/3"),
    ("PureWindowsPath", pathlib.PureWindowsPath("C:/a/b"), "string", "C:\\a\\b"),
    ("PureWindowsPath, relative", pathlib.PureWindowsPath("a/b"), "string", "a\\b"),
    ("PureWindowsPath, drive", pathlib.PureWindowsPath("C:a/b"), "string", "C:a\\b"),
    ("PureWindowsPath, share", pathlib.PureWindowsPath("//host/share/a"), "string", "\\\\host\\share\\a"),
    ("PureWindowsPath, empty", pathlib.PureWindowsPath(), "string", "."),
    ("PurePosixPath", pathlib.PurePosixPath("/a/b"), "string", "/a/b"),
    ("IPv6Address", ipaddress.ip_address("::1"), "netip.Addr", "::1"),
    ("bytes subclass", kinds.Raw(b"abc"), "[]byte", base64.b64encode(b"abc").decode()),
    ("list subclass", kinds.Lines([1, 2]), "[]int", [1, 2]),
    ("list subclass, one", kinds.Lines([1]), "[]int", [1]),
    ("list subclass, long", kinds.Lines(range(1001)), "[]int", list(range(1001))),
    ("list subclass, attribute", kinds.with_attribute(kinds.Lines([1])), "[]int", [1]),
    ("list of enums", [kinds.Level.LOW, kinds.Level.HIGH], "[]int", [1, 1000]),
    ("tuple subclass", kinds.Pair((1, 2)), "[]int", [1, 2]),
    ("tuple subclass, empty", kinds.Pair(), "[]int", []),
    ("NamedTuple", kinds.Point(1, 2), "[]int", [1, 2]),
    ("plain enum of tuple", kinds.Plain.PAIR, "[2]int", [1, 2]),
    ("deque", collections.deque([1, 2]), "[]int", [1, 2]),
    ("deque, empty", collections.deque(), "[]int", []),
    ("deque with maxlen", collections.deque([1, 2, 3], 2), "[]int", [2, 3]),
    ("deque with maxlen, empty", collections.deque([], 2), "[]int", []),
    ("deque subclass", kinds.Window([1, 2], 5), "[]int", [1, 2]),
    ("set subclass", kinds.Tags({1}), "[]int", [1]),
    ("set subclass, into a set", kinds.Tags({1}), "map[int]struct{}", {"1": {}}),
    ("frozenset subclass", kinds.Frozen({1}), "[]int", [1]),
    ("dict subclass", kinds.Config(a=1, b=2), "map[string]int", {"a": 1, "b": 2}),
    ("dict subclass, one", kinds.Config(a=1), "map[string]int", {"a": 1}),
    ("dict subclass, attribute", kinds.with_attribute(kinds.Config(a=1)), "map[string]int", {"a": 1}),
    ("dict subclass, enum keys", kinds.Config({kinds.Mode.FAST: kinds.Level.LOW}), "map[string]int", {"fast": 1}),
    ("dict subclass, into struct", kinds.Config(user), "user", user),
    ("OrderedDict subclass", kinds.Ordered(a=1, b=2), "map[string]int", {"a": 1, "b": 2}),
    ("defaultdict subclass", kinds.Default(int, a=1), "map[string]int", {"a": 1}),
    ("defaultdict subclass, no factory", kinds.Default(None, a=1), "map[string]int", {"a": 1}),
    ("Counter", collections.Counter("aab"), "map[string]int", {"a": 2, "b": 1}),
    ("Counter, empty", collections.Counter(), "map[string]int", {}),
    ("Counter subclass", kinds.Tally("a"), "map[string]int", {"a": 1}),
    ("plain enum of dict", kinds.Plain.TABLE, "map[string]int", {"a": 1}),
    ("NamedTuple, into struct", kinds.Point(1, 2), "point", {"X": 1, "Y": 2}),
    ("namedtuple, into struct", kinds.User(**user), "user", user),
    ("pydantic", kinds.Model(**user), "user", user),
    ("pydantic, extra", kinds.Open(**user), "user", user),
    ("pydantic 1", kinds.OldModel(**user), "user", user),
    ("pydantic, nested", kinds.Nested(id=1, owner=kinds.Model(**user)), "nested", {"id": 1, "owner": user}),
    ("attrs", kinds.Slotted(**user), "user", user),
    ("attrs without slots", kinds.Dicted(**user), "user", user),
    ("dataclass", kinds.Data(**user), "user", user),
    ("dataclass with slots", kinds.SlotData(**user), "user", user),
    ("dataclass, frozen with slots", kinds.FrozenData(**user), "user", user),
    ("datetime subclass", kinds.FakeTime(2026, 1, 2, 3, 4, 5, 6), "time.Time", "2026-01-02T03:04:05.000006Z"),
    ("datetime subclass, UTC", kinds.FakeTime(2026, 1, 2, tzinfo=UTC), "time.Time", "2026-01-02T00:00:00Z"),
    ("datetime subclass, pytz", berlin.localize(kinds.FakeTime(2026, 7, 2)), "time.Time", "2026-07-02T00:00:00+02:00"),
    ("date subclass", kinds.FakeDay(2026, 1, 2), "time.Time", "2026-01-02T00:00:00Z"),
    ("pytz UTC", datetime.datetime(2026, 1, 2, tzinfo=pytz.utc), "time.Time", "2026-01-02T00:00:00Z"),
    ("pytz", berlin.localize(datetime.datetime(2026, 7, 2, 3)), "time.Time", "2026-07-02T03:00:00+02:00"),
    ("pytz, clock turned back", berlin.localize(datetime.datetime(2026, 10, 25, 2, 30), is_dst=False), "time.Time", "2026-10-25T02:30:00+01:00"),
    ("pytz fixed", datetime.datetime(2026, 7, 2, 3, tzinfo=pytz.FixedOffset(-90)), "time.Time", "2026-07-02T03:00:00-01:30"),
    ("dateutil UTC", datetime.datetime(2026, 1, 2, tzinfo=tz.tzutc()), "time.Time", "2026-01-02T00:00:00Z"),
    ("dateutil offset", datetime.datetime(2026, 1, 2, tzinfo=tz.tzoffset("X", 3600)), "time.Time", "2026-01-02T00:00:00+01:00"),
    ("dateutil zone", datetime.datetime(2026, 1, 2, tzinfo=tz.gettz("Europe/Berlin")), "time.Time", REFUSED),
    ("datetime subclass, zoneinfo", kinds.FakeTime(2026, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")), "time.Time", REFUSED),
    ("datetime subclass, into bytes", kinds.FakeTime(2026, 1, 2), "[]byte", REFUSED),
    ("empty list subclass", kinds.Lines(), "[]int", REFUSED),
    ("empty dict subclass", kinds.Config(), "map[string]int", REFUSED),
    ("object with nothing in it", kinds.Nothing(), "[]int", REFUSED),
    ("IPv4Address, into int", ipaddress.ip_address("10.0.0.1"), "int", REFUSED),
    ("Fraction, into float", fractions.Fraction(1, 3), "float64", REFUSED),
    ("object with attributes", kinds.Data(**user), "[]int", REFUSED),
    ("exception", ValueError("no"), "string", REFUSED),
    ("int enum, into string", kinds.Level.LOW, "string", REFUSED),
    ("str enum, into int", kinds.Mode.FAST, "int", REFUSED),
    ("str subclass, into a slice", kinds.Text("a"), "[]string", REFUSED),
    ("NamedTuple, another size", kinds.Point(1, 2), "nested3", REFUSED),
    ("class", kinds.Level, "int", REFUSED),
]

# Protocol 0 has no way to write the first two, and says more of the others.
LATER = {
    "SafeString", "dataclass with slots", "empty list subclass", "empty dict subclass",
    "NamedTuple, into struct", "namedtuple, into struct",
}

# Those of NumPy and pandas.
NUMPY = [
    ("pandas Timestamp", pd.Timestamp("2026-01-02T03:04:05.000000007Z"), "time.Time", "2026-01-02T03:04:05.000000007Z"),
    ("pandas Timestamp, naive", pd.Timestamp("2026-01-02T03:04:05"), "time.Time", "2026-01-02T03:04:05Z"),
    ("pandas Timestamp, zone", pd.Timestamp("2026-07-02T03:04:05", tz="Europe/Berlin"), "time.Time", "2026-07-02T01:04:05Z"),
    ("pandas Timestamp, seconds", pd.Timestamp("2026-07-02").as_unit("s"), "time.Time", "2026-07-02T00:00:00Z"),
    ("pandas Timestamp, milliseconds", pd.Timestamp("1926-07-02").as_unit("ms"), "time.Time", "1926-07-02T00:00:00Z"),
    ("pandas NaT", pd.NaT, "time.Time", REFUSED),
    ("pandas Timedelta", pd.Timedelta("-1.5s"), "time.Duration", -1_500_000_000),
    ("pandas Timestamp, into int", pd.Timestamp(5), "int", REFUSED),
    ("pandas DataFrame", pd.DataFrame({"a": [1]}), "map[string]int", REFUSED),
    ("numpy int64", np.int64(-5), "int", -5),
    ("numpy int8", np.int8(-5), "int8", -5),
    ("numpy uint64", np.uint64(2**64 - 1), "uint64", 2**64 - 1),
    ("numpy int32, big-endian", np.array([-5], ">i4"), "[]int", [-5]),
    ("numpy float64", np.float64(0.1), "float64", 0.1),
    ("numpy float32", np.float32(1.5), "float64", 1.5),
    ("numpy int64, into float", np.int64(5), "float64", 5.0),
    ("numpy bool", np.bool_(True), "bool", True),
    ("numpy str", np.str_("h\xe9"), "string", "h\xe9"),
    ("numpy array", np.array([1.0, 2.5]), "[]float64", [1.0, 2.5]),
    ("numpy array, empty", np.array([], "i8"), "[]int", []),
    ("numpy array, object", np.array([1, 2], object), "[]int", REFUSED),
    ("numpy array of str", np.array(["a", "bcd", ""]), "[]string", ["a", "bcd", ""]),
    ("numpy array of two dimensions", np.zeros((2, 2)), "[]float64", REFUSED),
    ("numpy datetime64", np.datetime64("2026-01-02T03:04:05"), "time.Time", "2026-01-02T03:04:05Z"),
    ("numpy datetime64, day", np.datetime64("1026-01-02"), "time.Time", "1026-01-02T00:00:00Z"),
    ("numpy datetime64, ns", np.datetime64("1969-12-31T23:59:59.999999999"), "time.Time", "1969-12-31T23:59:59.999999999Z"),
    ("numpy datetime64 array", np.array(["2026-01-02T03", "2026-01-02T04"], "M8[h]"), "[]time.Time", ["2026-01-02T03:00:00Z", "2026-01-02T04:00:00Z"]),
    ("numpy timedelta64", np.timedelta64(-90, "m"), "time.Duration", -90 * 60 * 10**9),
    ("numpy NaT", np.datetime64("NaT"), "time.Time", REFUSED),
    ("numpy datetime64, month", np.datetime64("2026-01"), "time.Time", REFUSED),
    ("numpy datetime64, year 20000", np.datetime64(20000 - 1970, "Y").astype("M8[s]"), "time.Time", REFUSED),
    ("numpy timedelta64, 300 years", np.timedelta64(300 * 365, "D"), "time.Duration", REFUSED),
    ("numpy datetime64, into int", np.datetime64("2026-01-02"), "int", REFUSED),
    ("numpy float64, into int", np.float64(5.0), "int", REFUSED),
    ("numpy float128", np.frombuffer(bytes(16), np.longdouble)[0], "float64", REFUSED),
]


def line(name, value, into, want, protocol):
    fields = {"name": name, "into": into, "protocol": protocol}
    fields["pickle"] = base64.b64encode(pickle.dumps(value, protocol)).decode()
    if want is not REFUSED:
        fields["want"] = want
    return json.dumps(fields, separators=(",", ":"))


def main():
    lines = [line(*case, protocol) for case in CASES for protocol in (0, 2, 4, 5) if protocol or case[0] not in LATER]
    lines += [line(*case, protocol) for case in NUMPY for protocol in (2, 4, 5)]
    (HERE / "values.jsonl").write_text("\n".join(lines) + "\n")
    print(len(lines), "pickles")


if __name__ == "__main__":
    main()

"""The expressions of the corpus. Strings are literals, so equal ones are one object, as in the encoder's rule."""

import collections
import dataclasses
import datetime
import decimal
import fractions
import functools
import ipaddress
import itertools
import math
import operator
import pathlib
import re
import sys
import types
import uuid
import zoneinfo

import shop

dt, td, tz, utc = datetime.datetime, datetime.timedelta, datetime.timezone, datetime.timezone.utc
D, P, U, Z = decimal.Decimal, pathlib.PosixPath, uuid.UUID, zoneinfo.ZoneInfo
OD, DD = collections.OrderedDict, collections.defaultdict
nan, inf = math.nan, math.inf
s = sys.intern


@dataclasses.dataclass
class Case:
    name: str
    expr: str
    exact: bool = True
    protocols: tuple = (0, 1, 2, 3, 4, 5)


CASES = []


def cases(group, *exprs, exact=True, protocols=(0, 1, 2, 3, 4, 5)):
    for i, expr in enumerate(exprs):
        CASES.append(Case(f"{group}/{i}", expr, exact, protocols))


def evaluate(expr):
    return eval(compile(expr, "case", "eval"), dict(globals()))


def loop(make, *steps):
    """make(), then each step done to it."""
    v = make()
    for step in steps:
        step(v)
    return v


def nested(n, wrap, inner):
    for _ in range(n):
        inner = wrap(inner)
    return inner


NEW = (4, 5)  # protocols that Go writes, for what is large
BIN = (2, 3, 4, 5)  # where the older two cannot

cases("none", "None", "True", "False", "...", "NotImplemented", "type(None)", "type(...)")
cases("int", "0", "1", "255", "256", "65535", "65536", "2**31-1", "2**31", "-1", "-128", "-129", "-255", "-256", "-257",
      "-65536", "-2**31", "-2**31-1", "2**32-1", "2**32", "2**39-1", "2**39", "-2**39", "-2**39-1", "2**47", "-2**55",
      "2**62", "2**63-1", "2**63", "2**64-1", "2**64", "-2**63", "-2**63-1", "-2**64", "2**71-1", "2**71", "-2**71",
      "-2**71-1", "2**127", "-2**128", "10**30", "-10**30", "2**2039-1", "2**2039", "-2**2039", "-2**2039-1", "3**2000",
      "[2**100, 2**100, -2**100]")
cases("int/large", "7**40000", "-7**40000", "2**524280", protocols=NEW)
cases("float", "0.0", "-0.0", "1.5", "-1.5", "inf", "-inf", "nan", "5e-324", "1.7976931348623157e308", "0.1",
      "1e16", "1e-7", "[1.0, 1, True]")
cases("float/negative nan", "-nan", protocols=(1, 2, 3, 4, 5))
cases("complex", "1j", "-1.5-0j", "complex(nan, inf)", "[1j, 1j, 2j]", exact=False)
cases("complex/new", "1j", "complex(-0.0, -0.0)", "[1j, 2j]", protocols=NEW)
cases("str", "''", "'a'", "'tasks.add'", "'é'", "'☃'", "'😀'", "'\\ud800'", "'a\\udfffb'", "'\\ud83d\\ude00'", "'\\x00'",
      "'\\x7f\\x80\\xff'", "'a\\nb\\r\\\\u0041\\\\'", "'\\\\'", "'x'*255", "'x'*256", "'é'*127+'x'", "'é'*128", "'\\uffff'",
      "'\\U0010ffff'", "('a', 'a', 'b', 'a')", "['', '']", "'\\x1a'")
cases("str/large", "s('x'*65535)", "s('x'*65536)", "s('y'*70000)", "s('é'*40000)", "[s('x'*65536), s('x'*65536), 1]",
      "[1, s('x'*66000), 2, s('y'*66000)]", protocols=NEW)
cases("bytes", "b''", "b'a'", "b'abc'", "bytes(range(256))", "b'x'*255", "b'x'*256", "(b'a', b'a', b'', b'')",
      "[b'ab', b'ab']", "(lambda b: [b, b])(b'abc')", "b'\\xff\\n'")
cases("bytes/large", "b'x'*65535", "b'x'*65536", "[b'a'*65536, b'b'*65536, b'c']", "{'k': b'q'*100000}", protocols=NEW)
cases("bytearray", "bytearray()", "bytearray(b'a')", "bytearray(b'abc')", "bytearray(range(256))",
      "(lambda b: [b, b])(bytearray(b'abc'))", "[bytearray(b'a'), bytearray(b'a'), b'a']", "[b'a', bytearray(b'a'), bytearray()]")
cases("bytearray/large", "bytearray(65535)", "bytearray(65536)", "[bytearray(b'q')*70000, 1]", protocols=NEW)

cases("tuple", "()", "(1,)", "(1, 2)", "(1, 2, 3)", "(1, 2, 3, 4)", "((),)", "((), ())", "((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))",
      "(lambda t: (t, t))((1, 2))", "(lambda t: [t, t, (t,)])((1, 2, 3, 4))", "((((1,),),),)")
cases("list", "[]", "[1]", "[1, 2]", "[[]]", "[[], []]", "[[1], [1, 2], []]", "(lambda x: [x, x])([1])",
      "(lambda x: [x, [x, (x,)]])([1, 2])", "[None, True, False]")
cases("list/batch", "list(range(999))", "list(range(1000))", "list(range(1001))", "list(range(2000))", "list(range(2001))",
      "list(range(3500))", protocols=BIN)
cases("dict", "{}", "{'a': 1}", "{'a': 1, 'b': 2}", "{1: 'a', None: 'b', (1, 2): 'c'}", "{'a': {}}", "{'a': {'a': {'a': 'a'}}}",
      "(lambda d: [d, d])({'k': 'v'})", "{(1, (2, (3,))): 1}", "{frozenset([1, 2]): 1}", "{b'k': 1, 1.5: 2, 2**70: 3, nan: 4}",
      "{dt(2020, 1, 1, tzinfo=utc): 1, D('1.5'): 2, U(int=7): 3}", "{True: 1, 0: 2, -1: 3}", "{'z': 1, 'a': 2, 'm': 3}",
      "{shop.Color.RED: 1, shop.Level.LOW: 2}", "{(): 1, ((),): 2}", "{int: 1, len: 2}", "{datetime.date(2020, 1, 1): 1}")
cases("dict/batch", "{i: i for i in range(999)}", "{i: None for i in range(1000)}", "{i: i for i in range(1001)}",
      "{i: i for i in range(2000)}", "OD.fromkeys(range(1000))", "OD.fromkeys(range(1001))", "OD.fromkeys(range(2001))", protocols=BIN)
cases("set", "set()", "{1}", "{1, 2, 3}", "{'a', 'b'}", "{(1, 2), 3.5, None}", "(lambda x: [x, x])({1})", "{frozenset({1})}",
      "{frozenset(), frozenset({frozenset()})}")
cases("set/batch", "set(range(999))", "set(range(1000))", "set(range(1001))", "set(range(2000))", "frozenset(range(1000))",
      "frozenset(range(2500))", protocols=BIN)
cases("frozenset", "frozenset()", "frozenset({1})", "frozenset({1, 2})", "(lambda x: [x, x])(frozenset('ab'))", "[frozenset(), frozenset()]")
cases("ordereddict", "OD()", "OD(a=1)", "OD(b=1, a=2)", "[OD(a=1), OD(a=1)]", "(lambda o: [o, o])(OD(x=[1]))")
cases("ordereddict/attributes", "loop(lambda: OD(a=1), lambda o: setattr(o, 'x', 1))", exact=False)
cases("defaultdict", "DD(list)", "DD(list, a=[1])", "DD(None)", "DD(None, a=1)", "DD(int, {1: 2, 3: 4})", "DD(functools.partial(int, 5), a=1)",
      "[DD(int), DD(int), DD(set, a={1})]")
cases("counter", "collections.Counter('aab')", "collections.Counter()")
cases("deque", "collections.deque()", "collections.deque([1])", "collections.deque([1, 2], 5)", "collections.deque(range(1001))")
cases("collections", "collections.ChainMap({'a': 1}, {'b': 2})", "collections.UserDict(a=1)", "collections.UserList([1])",
      "types.SimpleNamespace(a=1, b=[2])")

cases("datetime", "dt(2020, 1, 2)", "dt(1, 1, 1)", "dt(9999, 12, 31, 23, 59, 59, 999999)", "dt(2020, 2, 29, 1, 2, 3, 4)",
      "dt(2026, 10, 25, 2, 30, fold=1)", "dt(2020, 1, 2, 3, 4, 5, 6, utc)", "dt(1, 1, 1, tzinfo=utc)",
      "dt(9999, 12, 31, 23, 59, 59, 999999, utc)", "dt(1969, 12, 31, 23, 59, 59, 999999, utc)",
      "dt(2020, 1, 2, tzinfo=tz(td(hours=2)))", "dt(2020, 1, 2, tzinfo=tz(td(hours=-5, minutes=-30)))",
      "dt(2020, 1, 2, tzinfo=tz(td(seconds=1)))", "dt(2020, 1, 2, tzinfo=tz(td(seconds=-86399)))",
      "dt(1, 1, 1, tzinfo=tz(td(hours=14)))", "[dt(2020, 1, 1, tzinfo=utc), dt(2021, 1, 1, tzinfo=utc)]",
      "(lambda z: [dt(2020, 1, 1, tzinfo=z), dt(2021, 1, 1, tzinfo=z)])(tz(td(hours=2)))",
      "[dt(2020, 1, 1, tzinfo=tz(td(hours=2))), dt(2021, 1, 1, tzinfo=tz(td(hours=2)))]",
      "{'datetime': dt(2020, 1, 1), 'timedelta': td(1), 'timezone': 'utc'}", "[dt, dt(2020, 1, 1), 'datetime']",
      "dt(2020, 1, 2, tzinfo=tz(td(microseconds=1)))", "dt(2020, 1, 2, tzinfo=shop.Zone())", "dt(2020, 1, 2, tzinfo=shop.shared_zone('x'))",
      "(lambda z: [dt(2020, 1, 2, tzinfo=z), dt(2020, 1, 2, 5, fold=1, tzinfo=z)])(shop.shared_zone('x'))")
cases("datetime/lossy", "dt(2020, 1, 2, tzinfo=tz(td(hours=2), 'X'))", "dt(2020, 1, 2, tzinfo=tz(td(0), 'Z'))",
      "dt(2020, 7, 1, 12, tzinfo=Z('Europe/Paris'))", "dt(2020, 1, 1, 12, tzinfo=Z('America/New_York'))",
      "dt(2026, 10, 25, 2, 30, tzinfo=Z('Europe/Paris'))", "dt(2026, 10, 25, 2, 30, fold=1, tzinfo=Z('Europe/Paris'))",
      "dt(2026, 3, 29, 2, 30, tzinfo=Z('Europe/Paris'))", "dt(2026, 3, 29, 2, 30, fold=1, tzinfo=Z('Europe/Paris'))",
      "dt(1900, 1, 1, tzinfo=Z('Europe/Amsterdam'))", "dt(2011, 12, 30, 12, tzinfo=Z('Pacific/Apia'))", "dt(2020, 1, 1, tzinfo=Z('UTC'))",
      "dt(2020, 1, 1, fold=1, tzinfo=utc)", "(lambda z: [dt(2020, 1, 1, tzinfo=z), dt(2020, 7, 1, tzinfo=z), z])(Z('Asia/Tokyo'))",
      "(lambda d: [d, d])(dt(2020, 1, 1))", exact=False)
cases("zone", "utc", "tz(td(hours=1))", "tz(td(hours=1), 'CET')", "Z('Europe/Paris')", "Z('UTC')", "[Z('Asia/Tokyo'), Z('Asia/Tokyo')]")
cases("date", "datetime.date(2020, 1, 2)", "datetime.date(1, 1, 1)", "datetime.date(9999, 12, 31)", "{'date': datetime.date(2020, 1, 2)}")
cases("time", "datetime.time()", "datetime.time(1, 2, 3, 4)", "datetime.time(23, 59, 59, 999999, fold=1)", "datetime.time(1, tzinfo=utc)",
      "datetime.time(1, tzinfo=tz(td(hours=2)))", "datetime.time(1, fold=1, tzinfo=shop.Zone())", "datetime.time(1, tzinfo=Z('Europe/Paris'))")
cases("timedelta", "td()", "td(1, 2, 3)", "td(-1)", "td(microseconds=-1)", "td(days=106751)", "td(days=106752)", "td(days=-106751)",
      "td(days=-106752)", "td.max", "td.min", "td(106751, 85636, 854775)", "td(106751, 85636, 854776)", "[td(1), td(1)]",
      "td(-106752, 763, 145225)", "td(-106752, 763, 145224)")

cases("decimal", "D('1.50')", "D('1')", "D('-0')", "D('NaN')", "D('-sNaN12')", "D('Infinity')", "D('-Infinity')", "D('1E+30')", "D('1E-30')",
      "[D('1'), D('1'), '1']", "[D('11'), '11']", "['decimal', 'Decimal', D('2')]", "D('3.14159265358979323846264338327950288')")
cases("uuid", "U(int=0)", "U(int=5)", "U(int=2**63)", "U(int=2**127+5)", "U(int=2**128-1)", "U('12345678-1234-5678-1234-567812345678')",
      "[U(int=1), U(int=2)]", "{'int': U(int=3), 'uuid': 'UUID'}")
cases("uuid/shared", "(lambda u: [u, u])(U(int=2**100))", "U(int=7, is_safe=uuid.SafeUUID.safe)", exact=False)
cases("range", "range(0)", "range(5)", "range(1, 5, 2)", "range(5, 1, -1)", "range(2**40)", "range(2**70)", "[range(1), 'range', 'builtins']")
cases("path", "P('.')", "P('/')", "P('/a/b')", "P('a')", "P('a/b/c')", "P('a/b/c/d')", "P('//a/b')", "P('///a')", "P('..')",
      "[P('/a'), P('/b'), 'a', '/']", "[P('//a'), P('//a')]", "pathlib.PurePosixPath('/a')", "pathlib.PureWindowsPath('C:/a')")
cases("global", "int", "len", "dt", "dt.now", "shop.add", "shop.Order", "shop.Order.total", "shop.Outer.Inner", "[len, print, getattr, int, 'builtins']",
      "['int', int, 'len', len]", "[int, int]", "math.sqrt", "operator.add", "collections.OrderedDict", "itertools.count", "re.compile",
      "shop.CONSTANT", "pathlib.Path.cwd", "str.upper", "[1].append", "dict.fromkeys")

cases("object", "shop.Order(a=1)", "shop.Order(id=7, lines=[1, 2], parent=None)", "shop.Empty()", "[shop.Empty(), shop.Empty()]",
      "shop.Retry(3)", "shop.Retry(max=3, interval=[10, 30])", "shop.Outer.Inner(1)", "shop.Outer.Color.RED",
      "(lambda o: [o, o])(shop.Order(a=1))", "shop.Order(order=shop.Order(order=shop.Order()))", "['shop', 'Order', 'a', shop.Order(a='a')]")
cases("namedtuple", "shop.Point(1, 2)", "shop.Typed('a')", "[shop.Point(1, 2), shop.Point(3, 4)]", "{shop.Point(1, 2): 3}",
      "loop(lambda: shop.Named((1, 2)), lambda n: setattr(n, 'x', 1))")
cases("dataclass", "shop.Item('a')", "shop.Item('a', 1.5, ['x'])", "shop.Frozen(1, 'b')")
cases("slots", "shop.Slotted(1, [2])", "loop(shop.Slots, lambda o: setattr(o, 'a', 1), lambda o: setattr(o, 'c', 2))", protocols=BIN)
cases("enum", "shop.Color.RED", "shop.Color.GREEN", "shop.Color.BLUE", "shop.Level.HIGH", "shop.Mode.FAST", "shop.Perm.R", "shop.Perm.R|shop.Perm.W",
      "[shop.Color.RED, shop.Color.RED]", "uuid.SafeUUID.safe")
cases("exception", "ValueError('x')", "ValueError()", "KeyError(1, 2)", "shop.OrderError('bad', 7)",
      "loop(lambda: ValueError('x'), lambda e: setattr(e, 'note', [e.args]))", "UnicodeDecodeError('utf8', b'ab', 0, 1, 'bad')",
      "loop(lambda: ValueError('x'), lambda e: e.add_note('n'))", "StopIteration(3)", "ImportError('m', name='n')")
cases("exception/new", "OSError(2, 'No such file', 'f')", protocols=(3, 4, 5))
cases("subclass", "shop.Stack([1, 2])", "shop.Stack([1])", "shop.Config(a=1)", "shop.Config(a=1, b=2)", "shop.Bag({1, 2})", "shop.Text('abc')",
      "shop.Number(5)", "loop(lambda: shop.Stack([1]), lambda x: setattr(x, 'name', 'n'))", "shop.Stack(range(1001))",
      "shop.Config({i: i for i in range(1001)})")
cases("state", "shop.Stateful(1)", "shop.Stateful([1, 2])", "shop.Stateful(())", "shop.Stateful('s')", "shop.Stateful((None, {'a': 1}))",
      "shop.Reduced('r')", "loop(lambda: shop.Reduced('r'), lambda r: r.append(1), lambda r: r.__setitem__('k', 'v'))",
      "loop(lambda: shop.Reduced('r'), lambda r: r.list.extend(range(1001)), lambda r: r.items.update({i: i for i in range(1002)}))",
      "shop.Stateful(None)")
cases("new", "shop.NewArgs(1, 2)")
cases("newex", "shop.Keyworded(1, b=[2])", "[shop.Keyworded(1), shop.Keyworded('b', b='b')]", protocols=NEW)
cases("stdlib", "functools.partial(len, 1, x=2)", "functools.partial(shop.add, b=3)", "fractions.Fraction(1, 3)", "ipaddress.ip_address('10.0.0.1')",
      "re.compile('a+', re.I)", "slice(1, 2, None)", "operator.itemgetter(1)", "itertools.count(3)", "iter([1, 2])", "decimal.Context(prec=5).prec",
      "[functools.partial(len), 'partial', 'functools', operator.itemgetter('a')]")

cases("recursive", "loop(list, lambda x: x.append(x))", "loop(dict, lambda d: d.update(me=d))", "loop(lambda: ([],), lambda t: t[0].append(t))",
      "loop(lambda: ([], 1, 2, 3), lambda t: t[0].append(t))", "loop(lambda: [1, 2, 3], lambda x: x.append(x), lambda x: x.append([x, x]))",
      "shop.node()", "shop.node(a=1, items=[1])", "loop(lambda: shop.Order(items=[]), lambda o: o.items.append(o), lambda o: o.items.append(o.items))",
      "loop(lambda: [{}], lambda x: x[0].update(up=x))", "loop(lambda: ({},), lambda t: t[0].update(up=t))",
      "loop(lambda: OD(a=1), lambda o: o.update(me=o))", "loop(lambda: DD(list), lambda o: o['x'].append(o))",
      "loop(lambda: [(1, [2])], lambda x: x[0][1].append(x))", "loop(lambda: ([], []), lambda t: t[0].append(t[1]), lambda t: t[1].append(t))",
      "loop(lambda: collections.deque([1]), lambda d: d.append(d))")
cases("recursive/subclass", "loop(lambda: shop.Stack([1]), lambda x: x.append(x))", "loop(lambda: shop.Config(a=1), lambda x: x.update(me=x))",
      protocols=BIN)
cases("recursive/set", "loop(shop.Order, lambda o: setattr(o, 'all', {o}))", "loop(shop.Order, lambda o: setattr(o, 'all', frozenset({o})))",
      "loop(shop.Order, lambda o: setattr(o, 'all', frozenset({o}))).all", "loop(shop.Order, lambda o: setattr(o, 'key', {o: 1}))",
      "loop(shop.Order, lambda o: setattr(o, 'key', {(o, 1): 1}))", protocols=BIN)
cases("shared", "(lambda x: {'a': x, 'b': x, 'c': [x]})([1, 2])", "(lambda d: ({'k': d}, d))({})", "(lambda t: nested(30, lambda t: (t, t), t))((1,))",
      "(lambda x: nested(30, lambda x: [x, x], x))([1])", "(lambda x: nested(30, lambda x: {'l': x, 'r': x}, x))({})",
      "(lambda o: {'first': o, 'rest': [o, (o,)]})(shop.Order(a=[1]))")
cases("deep", "nested(200, lambda x: [x], 1)", "nested(200, lambda x: (x,), 1)", "nested(200, lambda x: {'k': x}, 1)",
      "nested(100, lambda x: shop.Order(child=x), None)", "nested(450, lambda x: [x], [])", "nested(950, lambda x: [x], [])",
      "nested(950, lambda x: (x,), ())")
cases("memo", "[[i] for i in range(300)]", "[str(i) for i in range(300)] + [(i,) for i in range(10)]",
      "(lambda x: [[i] for i in range(300)] + [x, x])([1])", "[{'id': i, 'name': 'n', 'tags': ['a']} for i in range(400)]",
      "(lambda a, b: [a, *([i] for i in range(400)), b, a, b])([0], {'k': 1})", protocols=(1, 2, 3, 4, 5))
cases("frame", "[s('x'*(n-20000)) for n in (65521, 30000)] + [s('y'*20000), 1]", "[s('x'*45518), s('y'*20000), 1]", "[s('x'*45519), s('y'*20000), 1]",
      "[s('x'*45520), s('y'*20000), 1]", "[s('x'*45521), s('y'*20000), 1]", "[s('x'*45522), s('y'*20000), (1, 2)]",
      "[s('%05d' % i + 'x'*500) for i in range(400)]", "{s('key%05d' % i): s('%05d' % i + 'y'*400) for i in range(300)}",
      "[i for i in range(300, 40000)]", "[(i, i) for i in range(300, 9000)]", "[dt(2020, 1, 1, tzinfo=utc) + td(i) for i in range(1500)]",
      "[shop.Order(id=i, name='n') for i in range(2500)]", "[b'z'*300 + bytes([i % 256]) for i in range(500)]", "[b'q'*65535, [1]]",
      "[b'q'*65530, b'r'*65536, (1, 2, 3)]", "(b'q'*65536, b'r'*65536)", "[U(int=i) for i in range(2000)]", "[D(i) / 7 for i in range(1500)]",
      protocols=NEW)
cases("call", "('tasks.add', None, (2, 3), {'b': 3})", "('tasks.add', None, (1,), {})", "('tasks.add', None, [1, 2], {})",
      "('m', shop.Order(a=1), (), {})", "('tasks.report', None, ('https://example.com/é',), {'retries': 3, 'since': dt(2026, 1, 1, tzinfo=utc)})")

RAW = [
    ("py2/list", b"(lp0\nS'abc'\np1\naI1\naL5L\naI01\naI00\naNa."),
    ("py2/dict", b"(dp1\nS'a'\np2\nI1\nsS'b'\np3\n(lp4\nI1\naI2\nas."),
    ("py2/unicode", b"(lp0\nVcaf\xe9\np1\naV\\u2603\np2\naV\\U0001f600\np3\naVa\\u005cb\np4\na."),
    ("py2/escapes", b"S'a\\n\\t\\x41\\101\\\\\\'\\\"'\np0\n."),
    ("py2/double quotes", b'S"it\'s"\np0\n.'),
    ("py2/protocol 2", b"\x80\x02]q\x01(U\x03abcq\x02K\x01\x8a\x05\x00\x00\x00\x00\x01\x88\x89Ne."),
    ("py2/binstring", b"T\x03\x00\x00\x00abcq\x00."),
    ("py2/set", b"\x80\x02c__builtin__\nset\nq\x01]q\x02(K\x01K\x02e\x85Rq\x03."),
    ("py2/ordered dict", b"\x80\x02ccollections\nOrderedDict\nq\x01]q\x02]q\x03(U\x01aq\x04K\x01ea\x85q\x05Rq\x06."),
    ("py2/instance", b"(ishop\nEmpty\np0\n(dp1\nS'a'\np2\nI1\nsb."),
    ("py2/obj", b"(cshop\nEmpty\nq\x00oq\x01}q\x02U\x01aq\x03K\x01sb."),
    ("py2/xrange", b"c__builtin__\nxrange\np0\n(I1\nI9\nI2\ntp1\nRp2\n."),
    ("py2/long", b"\x80\x02c__builtin__\nlong\nq\x00."),
    ("py2/exception", b"\x80\x02cexceptions\nValueError\nq\x00U\x01xq\x01\x85q\x02Rq\x03."),
    ("py2/datetime", b"cdatetime\ndatetime\np0\n(S'\\x07d\\x01\\x02\\x03\\x04\\x05\\x00\\x00\\x06'\np1\ntp2\nRp3\n."),
    ("hand/dup", b"(K\x012t."),
    ("hand/pop", b"K\x01K\x020."),
    ("hand/pop a mark", b"K\x01(0."),
    ("hand/pop mark", b"K\x01(K\x02K\x031."),
    ("hand/memo by number", b"]r\xff\xff\x00\x00j\xff\xff\x00\x00\x86."),
    ("hand/memoize after gap", b"\x80\x04K\x01q\x05K\x02\x94h\x01\x87."),
    ("hand/put twice", b"K\x01q\x00K\x02q\x00h\x00\x87."),
    ("hand/append after it is held", b"\x80\x02]q\x00\x85q\x01h\x00K\x05a\x86."),
    ("hand/append after two hold it", b"\x80\x02](]q\x00h\x00eh\x00(K\x01K\x02e\x86."),
    ("hand/list after it is in a dict", b"\x80\x02}U\x01a]q\x00sh\x00K\x07a\x86."),
    ("hand/list after it is in a state", b"\x80\x02cshop\nEmpty\n)\x81}U\x01a]q\x00sbh\x00K\x07a\x86."),
    ("hand/two protocols", b"\x80\x02\x80\x05K\x01."),
    ("hand/trailing bytes", b"K\x01.garbage"),
    ("hand/frames", b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00]\x94\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x01a."),
    ("hand/large opcodes", b"\x8d\x03\x00\x00\x00\x00\x00\x00\x00abc\x8e\x01\x00\x00\x00\x00\x00\x00\x00zB\x01\x00\x00\x00y\x87."),
    ("hand/long4", b"\x8b\x02\x00\x00\x00\xff\x7f."),
    ("hand/long1 padded", b"(\x8a\x04\x01\x00\x00\x00\x8a\x03\xff\xff\xff\x8a\x00t."),
    ("hand/int spellings", b"(I-5\nI+7\nL-99999999999999999999L\nL12\nI 3\nt."),
    ("hand/float spellings", b"(F1\nF1e5\nF-inf\nF.5\nF2.\nt."),
    ("hand/dict from mark", b"(K\x01K\x02K\x03K\x04d."),
    ("hand/list from mark", b"(K\x01K\x02l."),
    ("hand/appends of nothing", b"](e."),
    ("hand/setitems of nothing", b"}(u."),
    ("hand/key twice", b"}(K\x01K\x02\x88K\x03G?\xf0\x00\x00\x00\x00\x00\x00K\x04u."),
    ("hand/newobj as a call", b"\x80\x02ccopy_reg\n__newobj__\ncshop\nEmpty\n\x85R."),
    ("hand/path in 3.13", b"\x80\x04\x8c\x07pathlib\x8c\x09PosixPath\x93\x8c\x06/a//b/\x8c\x01c\x86R."),
    ("grows/in a list", b"\x80\x04]]\x94ah\x00K\x07a\x86."),
    ("grows/in an ordered dict", b"\x80\x04ccollections\nOrderedDict\n)R\x8c\x01a]\x94sh\x00K\x07a\x86."),
    ("grows/in a defaultdict", b"\x80\x04ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R\x8c\x01a]\x94sh\x00K\x07a\x86."),
    ("grows/in a set", b"\x80\x04\x8f(cshop\nEmpty\n)\x81}\x8c\x01x]\x94sb\x90h\x00K\x07a\x86."),
    ("grows/in a frozenset", b"\x80\x04(cshop\nEmpty\n)\x81}\x8c\x01x]\x94sb\x91h\x00K\x07a\x86."),
    ("grows/in a key", b"\x80\x04}cshop\nEmpty\n)\x81}\x8c\x01x]\x94sb\x85Nsh\x00K\x07a\x86."),
    ("grows/in a list subclass", b"\x80\x04cshop\nStack\n)\x81]\x94ah\x00K\x07a\x86."),
    ("grows/in a dict subclass", b"\x80\x04cshop\nConfig\n)\x81\x8c\x01k]\x94sh\x00K\x07a\x86."),
    ("grows/in a state", b"\x80\x04cshop\nStateful\n)\x81]\x94bh\x00K\x07a\x86."),
    ("grows/in arguments", b"\x80\x04cbuiltins\nValueError\n]\x94\x85Rh\x00K\x07a\x86."),
    ("grows/in a time zone", b"\x80\x04cdatetime\ndatetime\nC\x0a\x07\xea\x01\x01\x00\x00\x00\x00\x00\x00"
                              b"cshop\nBareZone\n)R}\x8c\x04name]\x94sb\x86Rh\x00K\x07a\x86."),
    ("grows/in the zone of a time", b"\x80\x04cdatetime\ntime\nC\x06\x01\x02\x03\x00\x00\x00"
                                     b"cshop\nBareZone\n)R}\x8c\x04name]\x94sb\x86Rh\x00K\x07a\x86."),
    ("grows/before it makes a set", b"\x80\x04]\x94\x85h\x00K\x07acbuiltins\nset\nh\x00\x85R\x87."),
    ("grows/before it makes an ordered dict",
     b"\x80\x04]\x94\x85h\x00(K\x01K\x02e0ccollections\nOrderedDict\n]h\x00a\x85R\x86."),
    ("hand/pairs in tuples", b"\x80\x02ccollections\nOrderedDict\n(K\x01K\x02\x86K\x03K\x04\x86t\x85R."),
    ("hand/bytearray of text", b"\x80\x02c__builtin__\nbytearray\nX\x03\x00\x00\x00a\xc3\xa9X\x07\x00\x00\x00latin-1\x86R."),
    ("hand/set of nothing", b"\x80\x02c__builtin__\nset\n)Rc__builtin__\nfrozenset\n)R\x86."),
    ("hand/instance with arguments", b"\x80\x01(K\x07ibuiltins\nValueError\n."),
    ("hand/time zone of None", b"\x80\x04cdatetime\ntime\nC\x06\x01\x02\x03\x00\x00\x00N\x86R."),
    ("hand/octal escapes", b"S'\\0\\17\\101z'\n."),
]

"""Functions for jobs. Go handlers of the same names mirror them in the tests."""

import time
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

from rq import get_current_job


class Color(Enum):
    RED = 'red'


Point = namedtuple('Point', 'x y')


@dataclass
class Order:
    id: int
    lines: list


class Broken(Exception):
    """An exception that is no builtin."""

    def __init__(self, code, detail):
        super().__init__(code, detail)
        self.code = code


class Greeter:
    """A class whose methods are enqueued."""

    def __init__(self, name='nobody'):
        self.name = name

    def greet(self, word='hello'):
        return f'{word} {self.name}'

    @classmethod
    def make(cls, name):
        return cls(name).greet()

    @staticmethod
    def shout(word):
        return word.upper()

    def __call__(self, word):
        return self.greet(word)


def nothing():
    pass


def add(a, b=0):
    return a + b


def echo(*args, **kwargs):
    """Returns its one argument, or all of them as a pair."""
    return args[0] if len(args) == 1 and not kwargs else (args, kwargs)


def div_by_zero(x=1):
    return x / 0


def fail(message='', code=None):
    if code is not None:
        raise Broken(code, message)
    raise ValueError(message)


def fail_chained(message):
    try:
        div_by_zero()
    except ZeroDivisionError as e:
        raise RuntimeError(message) from e


def fail_times(key, times):
    """Fails the first few times it runs."""
    n = get_current_job().connection.incr(key)
    if n <= times:
        raise ValueError(f'attempt {n}')
    return n


def nap(seconds):
    time.sleep(seconds)
    return seconds


def note_in_python(text):
    """A note that no Go worker takes."""
    note(text)


def note(text):
    """Writes down that it ran."""
    get_current_job().connection.rpush('test:notes', text)


def wait_for(key):
    """Says that it runs, then waits until someone pushes what it returns."""
    connection = get_current_job().connection
    connection.rpush(f'{key}:running', get_current_job().id)
    return connection.blpop(key)[1].decode()


def ask_again(times=3, **options):
    """Returns a Retry the first few times it runs."""
    from rq import Retry

    n = get_current_job().connection.incr('test:asked')
    return Retry(**options) if n <= times else n


def progress(steps):
    job = get_current_job()
    for step in range(steps):
        job.meta['step'] = step + 1
        job.save_meta()
    return job.id


def unserializable():
    return lambda: None


VALUES = {
    'none': None,
    'bool': True,
    'int': 2**31,
    'big': -(2**100),
    'float': 0.1,
    'str': 'snow \u2603 \U0001f600',
    'bytes': b'\x00\xff',
    'bytearray': bytearray(b'ab'),
    'list': [1, [2, []]],
    'tuple': (1, (2,), ()),
    'dict': {'a': 1, 2: 'b', (3,): None},
    'ordered': OrderedDict(a=1),
    'set': {7},
    'frozenset': frozenset({7}),
    'complex': 1 + 2j,
    'range': range(1, 9, 2),
    'slice': slice(1, None, 2),
    'ellipsis': ...,
    'datetime': datetime(2026, 1, 2, 3, 4, 5, 678901),
    'aware': datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    'offset': datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    'date': date(2026, 1, 2),
    'time': datetime(2026, 1, 2, 3, 4, 5).time(),
    'timedelta': timedelta(days=-1, seconds=2, microseconds=3),
    'decimal': Decimal('1.10'),
    'uuid': UUID(int=1),
    'enum': Color.RED,
    'namedtuple': Point(1, 2),
    'dataclass': Order(1, ['x']),
    'exception': Broken(7, 'seven'),
    'class': Order,
    'function': add,
}


def value(name):
    """Returns one value of each type that jobs are likely to return."""
    return VALUES[name]


def children(job_id):
    """Enqueues a job from within a job."""
    from rq import Queue

    job = get_current_job()
    Queue(job.origin, connection=job.connection).enqueue('tasks.add', 1, 2, job_id=job_id)


def on_success(job, connection, result, *args, **kwargs):
    connection.rpush('test:callbacks', f'success {job.id} {result!r}')


def on_failure(job, connection, exc_type, value, traceback):
    connection.rpush('test:callbacks', f'failure {job.id} {exc_type.__name__} {value}')


def on_stopped(job, connection):
    connection.rpush('test:callbacks', f'stopped {job.id}')


def broken_callback(job, connection, *args):
    raise RuntimeError('the callback broke')


def handle(who):
    """Says in its meta who runs it, then waits."""
    job = get_current_job()
    job.meta['handled_by'] = who
    job.save_meta()
    return wait_for(who)

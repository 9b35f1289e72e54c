"""Writes what real RQ versions write: jobs.jsonl, results.jsonl, executions.jsonl, workers.jsonl, times.txt.

    RQ_LAB=... RQ_LAB_VERSIONS=... RQ_LAB_PYTHON=... $RQ_LAB_PYTHON testdata/wire/generate.py

The newest version writes every case, an older one those that it writes
differently. A row is the name, the version and the fields in RQ's order, each
as Redis gets it; binary ones are base64.
"""

import base64
import inspect
import json
import logging
import os
import pathlib
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import rq
import rq.results
from redis import Redis
from redis._parsers import Encoder
from rq.job import Job
from rq.serializers import resolve_serializer

import cases

HERE = pathlib.Path(__file__).parent
OFFLINE = Redis()  # connects only when it is used
BINARY = {'data', 'exc_info', 'meta', 'result'}
encode = Encoder('utf-8', 'strict', False).encode


def fields(mapping):
    out = []
    for name, value in mapping.items():
        raw = encode(value)
        out.append([name, base64.b64encode(raw).decode() if name in BINARY else raw.decode()])
    return out


def knows(function, keywords):
    return set(keywords) <= set(inspect.signature(function).parameters)


def jobs():
    for name, serializer, keywords, attributes in cases.jobs(rq):
        if not knows(Job.create, keywords):
            continue
        job = Job.create(**keywords, id='j', connection=OFFLINE, serializer=resolve_serializer(serializer))
        job.created_at = cases.CREATED
        if not set(attributes) <= set(dir(job)):
            continue
        for k, v in attributes.items():
            setattr(job, k, v)
        yield name, fields(job.to_dict())


def results():
    for name, serializer, keywords in cases.results(rq):
        if knows(rq.results.Result, keywords):
            yield name, fields(rq.results.Result('j', connection=OFFLINE, serializer=serializer, **keywords).serialize())


def executions():
    try:
        from rq.executions import Execution
    except ImportError:  # before 2.0
        return
    for name, keywords, attributes in cases.executions():
        if knows(Execution, keywords):
            execution = Execution(**keywords, connection=OFFLINE)
            execution.__dict__.update(attributes)
            yield name, fields(execution.serialize())


class Recorder:
    """A connection and its pipeline that keep what is written to a hash."""

    def pipeline(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def hset(self, key, *, mapping):
        self.written = mapping

    def __getattr__(self, command):
        return lambda *args, **keywords: None


def workers():
    from rq.worker import Worker

    module = sys.modules[Worker.register_birth.__module__]
    for name, attributes in cases.workers():
        worker = Worker.__new__(Worker)
        worker.__dict__.update(attributes, connection=Recorder(), log=logging.getLogger(), worker_ttl=420,
                               redis_server_version=(7, 0, 0))
        worker.queues = [rq.Queue(queue, connection=OFFLINE) for queue in attributes['queues']]
        for clock in {'now', 'utcnow'} & set(vars(module)):
            setattr(module, clock, lambda: cases.CREATED)
        worker.register_birth()
        yield name, fields(worker.connection.written)


def times():
    """Yields microseconds since the epoch, and Python's float of them as text."""
    rng = random.Random(1)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    first, last = datetime.min, datetime.max
    edges = [first, last, datetime(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(2038, 1, 19)]
    ranges = [(first, last), (datetime(1990, 1, 1), datetime(2040, 1, 1)), (first, datetime(2, 1, 1)),
              (datetime(9999, 1, 1), last), (datetime(1969, 12, 31), datetime(1970, 1, 2))]
    moments = list(edges)
    for low, high in ranges:
        span = (high - low) // timedelta(microseconds=1)
        moments += [low + timedelta(microseconds=rng.randint(0, span)) for _ in range(1000)]
    for moment in moments:
        moment = moment.replace(tzinfo=timezone.utc)
        us = (moment - epoch) // timedelta(microseconds=1)
        seconds = moment.timestamp()
        try:
            back = (datetime.fromtimestamp(float(repr(seconds)), timezone.utc) - epoch) // timedelta(microseconds=1)
        except ValueError:
            back = 'out of range'
        yield f'{us}\t{seconds!r}\t{back}\t{moment:%Y-%m-%dT%H:%M:%S.%fZ}'


def rows_of(version):
    python = f'{os.environ["RQ_LAB"]}/venv/{version}/bin/python'
    out = subprocess.run([python, '-B', __file__, 'rows'], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def main():
    if sys.argv[1:] == ['rows']:
        print(json.dumps({f.__name__: dict(f()) for f in (jobs, results, executions, workers)}))
        return
    versions = os.environ['RQ_LAB_VERSIONS'].split()[::-1]
    rows = {v: rows_of(v) for v in versions}
    for kind in 'jobs', 'results', 'executions', 'workers':
        with open(HERE / f'{kind}.jsonl', 'w') as f:
            for version in versions:
                for name, row in rows[version][kind].items():
                    if version == versions[0] or row != rows[versions[0]][kind].get(name):
                        f.write(json.dumps({'name': name, 'rq': version, 'fields': row}) + '\n')
    (HERE / 'times.txt').write_text('\n'.join(times()) + '\n')


if __name__ == '__main__':
    main()

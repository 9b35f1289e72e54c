"""Runs Python for a test in Go, with one version of RQ.

Each line of input is a JSON object, each gets one line of output:

    {"op": "open", "url": "redis://..."}    a fresh namespace on that database
    {"op": "exec", "code": "..."}           runs statements
    {"op": "eval", "code": "..."}           {"value": ...}, as JSON has it

A line that raises is answered with {"error": traceback}.
"""

import ast
import base64
import datetime
import decimal
import json
import logging
import os
import pickle
import sys
import traceback
import uuid
import zlib

import redis
import rq
from rq import command, exceptions, job, queue, registry, results, scheduler, serializers, suspension, worker
from rq.job import Dependency, Job

import tasks

MODULES = (ast, base64, datetime, decimal, json, pickle, uuid, zlib, redis, rq, command, exceptions)
MODULES += (job, queue, registry, results, scheduler, serializers, suspension, worker, tasks)

REGISTRIES = ('Started', 'Finished', 'Failed', 'Deferred', 'Scheduled', 'Canceled')


def namespace(url):
    """Returns the names that code sees: RQ's public ones, as far as this version has them."""
    connection = redis.Redis.from_url(url)
    ns = {m.__name__.rpartition('.')[2]: m for m in MODULES}
    ns.update({n: getattr(rq, n) for n in rq.__all__})
    ns.update({n: getattr(datetime, n) for n in ('datetime', 'date', 'time', 'timedelta', 'timezone')})
    ns.update({f'{n}JobRegistry': getattr(registry, f'{n}JobRegistry') for n in REGISTRIES})
    ns.update(Decimal=decimal.Decimal, UUID=uuid.UUID, Dependency=Dependency, Job=Job, Result=results.Result)
    ns.update(connection=connection, q=rq.Queue(connection=connection), url=url, work=Work(connection))
    ns['view'] = lambda id, **kw: view(Job.fetch(id, connection=connection, **kw))
    try:
        from rq.group import Group

        ns['Group'] = Group
    except ImportError:  # before 2.0
        pass
    return ns


class Deaf(rq.SimpleWorker):
    """A worker that takes no commands, since ending its listener can take a second."""

    def subscribe(self):
        pass

    def unsubscribe(self):
        pass


class Work:
    """Runs a worker in burst mode, in this process."""

    def __init__(self, connection):
        self.connection = connection

    def __call__(self, *queues, serializer=None, name='w1', **options):
        queues = list(queues) or ['default']
        w = Deaf(queues, connection=self.connection, serializer=serializer, name=name)
        w.work(burst=True, logging_level='WARNING', **options)


def view(j):
    """Returns what RQ reads of a job."""
    return {
        'id': j.id,
        'status': j.get_status(),
        'origin': j.origin,
        'description': j.description,
        'func_name': j.func_name,
        'args': j.args,
        'kwargs': j.kwargs,
        'timeout': j.timeout,
        'result_ttl': j.result_ttl,
        'failure_ttl': j.failure_ttl,
        'ttl': j.ttl,
        'meta': j.meta,
        'retries_left': j.retries_left,
        'dependency_ids': [as_text(i) for i in j._dependency_ids],
        'worker_name': j.worker_name,
        'created_at': j.created_at,
        'enqueued_at': j.enqueued_at,
        'started_at': j.started_at,
        'ended_at': j.ended_at,
        'exc_info': j.exc_info,
        'return_value': j.return_value(),
        'results': [view_result(r) for r in j.results()],
    }


def view_result(r):
    return {'type': r.type.name, 'return_value': r.return_value, 'exc_string': r.exc_string}


def as_text(v):
    return v.decode() if isinstance(v, bytes) else v


def jsonable(v):
    """Encodes what JSON has no type for: bytes as base64, as Go reads them."""
    if isinstance(v, (bytes, bytearray)):
        return base64.b64encode(v).decode()
    if isinstance(v, datetime.datetime):
        return v.isoformat()
    return repr(v)


class Intern(ast.NodeTransformer):
    """Makes equal strings one object, across all the code of a test.

    CPython does so within one module, and pickle writes a string that is one
    object once. A test in Go cannot say which strings are one object.
    """

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            node.value = sys.intern(node.value)
        return node


def run(code, mode, ns):
    tree = Intern().visit(ast.parse(code, '<test>', mode))
    return eval(compile(tree, '<test>', mode), ns)


def main():
    # What jobs and RQ print must not get between the answers.
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    ns = {}
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        try:
            if request['op'] == 'open':
                if 'connection' in ns:
                    ns['connection'].close()
                ns = namespace(request['url'])
                answer['value'] = rq.VERSION
            else:
                answer['value'] = run(request['code'], request['op'], ns)
            text = json.dumps(answer, default=jsonable)
        except BaseException:
            text = json.dumps({'error': traceback.format_exc()})
        answers.write(text + '\n')
        answers.flush()


if __name__ == '__main__':
    main()

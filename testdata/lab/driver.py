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
import re
import sys
import traceback
import uuid
import zlib

import redis
import rq
import rq.cli
from click.testing import CliRunner
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
    ns['cli'] = lambda *args: cli(url, *args)
    ns['reads'] = lambda **kw: reads(connection, **kw)
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


def reads(connection, serializer=None):
    """Returns all that RQ's interface says of a database with one worker, as texts.

    What differs from run to run, such as times and execution ids, is reduced to
    what must not differ.
    """
    out = {}
    workers = worker.Worker.all(connection=connection)
    queues = rq.Queue.all(connection=connection)
    for q in queues:
        out[f'queue {q.name} jobs'] = q.job_ids
        out[f'queue {q.name} workers'] = worker.Worker.count(queue=q)
        for name in REGISTRIES:
            r = getattr(registry, f'{name}JobRegistry')(queue=q)
            out[f'queue {q.name} {name}'] = r.count, sorted(r.get_job_ids())
    for key in connection.scan_iter('rq:job:*'):
        id = key.decode()[len('rq:job:') :]
        if ':' not in id:
            j = Job.fetch(id, connection=connection, serializer=serializer)
            out.update({f'job {id} {k}': v for k, v in reads_job(j).items()})
    for w in workers:
        out.update({f'worker {k}': v for k, v in reads_worker(w, connection).items()})
    return {k: re.sub(r' at 0x[0-9a-f]+|:[0-9a-f]{32}', '', repr(v)) for k, v in out.items()}


def reads_job(j):
    v = view(j)
    times = [v[t] for t in ('created_at', 'enqueued_at', 'started_at', 'ended_at')]
    v['exc_info'] = last_line(v['exc_info'])
    v['results'] = [(r['type'], r['return_value'], last_line(r['exc_string'])) for r in v['results']]
    v['worker_name'] = nameless(v['worker_name'])
    v['in order'] = in_order([t for t in times if t])
    for name, t in zip(('created_at', 'enqueued_at', 'started_at', 'ended_at'), times):
        v[name] = t is not None
    v['is'] = [s for s in ('finished', 'queued', 'failed', 'started', 'deferred', 'stopped') if getattr(j, f'is_{s}')]
    v['position'] = j.get_position()
    v['in started registry'] = j in registry.StartedJobRegistry(j.origin, connection=j.connection)
    latest = j.latest_result()
    if latest:
        v['latest result'] = latest.type.name, latest.return_value, type(latest.created_at)
        v['result of a worker'] = nameless(getattr(latest, 'worker_name', ''))
    if hasattr(j, 'get_executions'):
        executions = j.get_executions()
        v['executions'] = [(type(e.created_at), type(e.last_heartbeat)) for e in executions]
        v['executions are named'] = [e.composite_key == f'{j.id}:{e.id}' for e in executions]
        v['executions of'] = [nameless(getattr(e, 'worker_name', '')) for e in executions]
    return v


def reads_worker(w, connection):
    v = {
        'state': w.get_state(),
        'queues': w.queue_names(),
        'job': w.get_current_job_id(),
        'jobs': (w.successful_job_count, w.failed_job_count),
        'time': type(w.total_working_time),
        'host': w.hostname,
        'pid': type(w.pid),
        'times': (type(w.birth_date), type(w.last_heartbeat)),
        'found': worker.Worker.find_by_key(w.key, connection=connection).name == w.name,
        'key': w.key in worker.Worker.all_keys(connection),
    }
    if v['job']:
        v['current job'] = w.get_current_job().id
    if hasattr(w, 'current_execution_count'):
        v['executions'] = w.current_execution_count, [e.job_id for e in w.get_current_executions()]
    return v


def cli(url, command, *args):
    """Runs the command line tool and returns what it prints."""
    result = CliRunner().invoke(rq.cli.main, [command, '--url', url, *args])
    if result.exception and not isinstance(result.exception, SystemExit):
        return repr(result.exception)
    return f'{result.output}exit {result.exit_code}'


def in_order(times):
    """Says whether none is before the one before it, but for the haste of workers of several jobs."""
    return all(b - a > datetime.timedelta(seconds=-1) for a, b in zip(times, times[1:]))


def nameless(worker):
    """Returns the name of a worker, if it is not random."""
    return 'random' if worker and re.fullmatch('[0-9a-f]{32}', worker) else worker


def last_line(text):
    """Returns how a traceback ends, without the module of the exception."""
    return text and re.sub(r'^([\w]+\.)+', '', text.rstrip('\n').rpartition('\n')[2])


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

"""The Python side: does what each line of standard input says, and answers
with how long it took, in seconds."""

import platform
import sys
from importlib.metadata import version
from time import perf_counter

import redis
from redis.utils import HIREDIS_AVAILABLE
from rq import Queue, SimpleWorker, Worker
from rq.job import Job

connection = redis.Redis(host='127.0.0.1', port=int(sys.argv[1]), db=int(sys.argv[2]))
queue = Queue('default', connection=connection)


def versions():
    parser = 'with hiredis' if HIREDIS_AVAILABLE else 'without hiredis, as its requirements install it'
    return f'CPython {platform.python_version()}, RQ {version("rq")}, redis-py {version("redis")} {parser}'


def enqueue(n):
    connection.flushdb()
    start = perf_counter()
    for _ in range(n):
        queue.enqueue('tasks.add', 1, b=2)
    return perf_counter() - start


def enqueue_many(n):
    connection.flushdb()
    start = perf_counter()
    queue.enqueue_many([Queue.prepare_data('tasks.add', (1,), {'b': 2}) for _ in range(n)])
    return perf_counter() - start


def fetch(n):
    """Reads jobs, which an earlier enqueue_many left here, and their arguments."""
    ids = queue.get_job_ids()
    assert len(ids) == n
    start = perf_counter()
    for job in Job.fetch_many(ids, connection=connection):
        job.func_name, job.args, job.kwargs  # noqa: B018
    return perf_counter() - start


def work(worker_class, n):
    connection.flushdb()
    queue.enqueue_many([Queue.prepare_data('operator.add', (1, 2)) for _ in range(n)])
    worker = worker_class([queue], connection=connection)
    start = perf_counter()
    worker.work(burst=True, logging_level='ERROR')
    return perf_counter() - start


def simple_worker(n):
    return work(SimpleWorker, n)


def worker(n):
    return work(Worker, n)


def requeue_all(n):
    """Requeues the failed jobs that are there, as `rq requeue --all` does."""
    registry = queue.failed_job_registry
    start = perf_counter()
    ids = registry.get_job_ids()
    assert len(ids) == n
    for id in ids:
        registry.requeue(id)
    return perf_counter() - start


commands = {'versions': versions, 'enqueue': enqueue, 'enqueue_many': enqueue_many, 'fetch': fetch}
commands.update(simple_worker=simple_worker, worker=worker, requeue_all=requeue_all)
for line in sys.stdin:
    name, *args = line.split()
    print(commands[name](*map(int, args)), flush=True)

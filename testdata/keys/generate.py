"""Writes keys.txt: every key of RQ as RQ itself makes it, one a line.

    $RQ_LAB_PYTHON testdata/keys/generate.py

A line is the name of the Go function or constant, its arguments, and the key.
It fails when RQ's source spells a key that no line has.
"""

import pathlib
import re

import rq
from redis import Redis
from rq import cron, cron_job_registry, cron_scheduler_registry, registry, suspension, worker_registration
from rq.command import PUBSUB_CHANNEL_TEMPLATE
from rq.executions import Execution, ExecutionRegistry
from rq.group import Group
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.rate_limit import RateLimitRegistry
from rq.results import Result
from rq.scheduler import RQScheduler
from rq.worker import Worker

OFFLINE = Redis()  # connects only when it is used
QUEUES = ['default', 'high-prio', 'a.b:c', 'größe ☃']
JOBS = ['1f0c1a0e-6c1d-4ef3-9bf5-0d6b6f0b7f43', 'a', 'A_b-9']
NAMES = ['w1', 'host.4711', 'dc0af2c2a1d94f3bb4b7a6a1f6c5b1a0', 'größe']
UNIQUE = '11111111-2222-4333-8444-555555555555'

REGISTRIES = {
    'Started': registry.StartedJobRegistry,
    'Finished': registry.FinishedJobRegistry,
    'Failed': registry.FailedJobRegistry,
    'Deferred': registry.DeferredJobRegistry,
    'Scheduled': registry.ScheduledJobRegistry,
    'Canceled': registry.CanceledJobRegistry,
    'Ready': registry.ReadyJobRegistry,
}

UNUSED = ['rq:registry:']  # the template of a base class


class Renamed(Exception):
    """Carries the new name of a key out of a method."""


class Renamer:
    def rename(self, old, new):
        raise Renamed(new)


def bare(cls, **attributes):
    """Returns an object of a class whose constructor would talk to Redis."""
    o = object.__new__(cls)
    o.__dict__.update(attributes)
    return o


def compact_key():
    queue = rq.Queue('default', connection=OFFLINE)
    queue.connection = Renamer()
    try:
        queue.compact()
    except Renamed as e:
        return re.sub('[0-9a-f-]{36}$', UNIQUE, str(e))


def constants():
    yield 'Queues', rq.Queue.redis_queues_keys
    yield 'QueuePrefix', rq.Queue.redis_queue_namespace_prefix
    yield 'JobPrefix', Job.redis_job_namespace_prefix
    yield 'Workers', worker_registration.REDIS_WORKER_KEYS
    yield 'Suspended', suspension.WORKERS_SUSPENDED
    yield 'Groups', Group.REDIS_GROUP_KEY
    yield 'GroupsCleaning', Group.REDIS_GROUP_CLEANING_KEY
    yield 'CronSchedulers', cron_scheduler_registry.get_registry_key()
    yield 'CronJobNames', cron_job_registry.get_registry_key()
    yield 'RateLimits', RateLimitRegistry.rl_keys_key
    yield 'Compact', UNIQUE, compact_key()


def of_queues(name):
    queue = rq.Queue(name, connection=OFFLINE)
    yield 'Queue', name, queue.key
    yield 'QueueName', queue.key, rq.Queue.from_queue_key(queue.key, connection=OFFLINE).name
    yield 'Intermediate', name, queue.intermediate_queue_key
    for job in JOBS:
        yield 'FirstSeen', name, job, IntermediateQueue(queue.key, OFFLINE).get_first_seen_key(job)
    for go, cls in REGISTRIES.items():
        yield go, name, cls(name, connection=OFFLINE).key
    yield 'QueueWorkers', name, worker_registration.WORKERS_BY_QUEUE_KEY % name
    yield 'CleaningLock', name, queue.registry_cleaning_key
    yield 'SchedulerLock', name, RQScheduler.get_locking_key(name)


def of_jobs(id):
    job = Job(id, connection=OFFLINE)
    yield 'Job', id, Job.key_for(id)
    yield 'Dependents', id, job.dependents_key
    yield 'Dependencies', id, job.dependencies_key
    yield 'Results', id, Result.get_key(id)
    yield 'Executions', id, ExecutionRegistry(id, OFFLINE).key
    execution = Execution('00ff' * 8, id, OFFLINE)
    yield 'Execution', id, execution.id, execution.key


def of_names(name):
    worker = bare(Worker, name=name)
    yield 'Worker', name, worker.key
    yield 'WorkerExecutions', name, worker.executions_key
    yield 'Commands', name, PUBSUB_CHANNEL_TEMPLATE % name
    yield 'Scheduler', name, bare(RQScheduler, name=name).key
    yield 'CronScheduler', name, bare(cron.CronScheduler, name=name).key
    yield 'CronJobs', name, cron.get_cron_job_history_key(name)
    yield 'Group', name, Group.get_key(name)
    limit = RateLimitRegistry(name, OFFLINE)
    yield 'RateLimit', name, limit.config_key
    yield 'RateLimitAllowed', name, limit.allowed_key
    yield 'RateLimitWaiting', name, limit.rate_limited_key


def rows():
    yield from constants()
    for make, arguments in (of_queues, QUEUES), (of_jobs, JOBS), (of_names, NAMES):
        for a in arguments:
            yield from make(a)


def spelled():
    """Yields the beginning of every key in RQ's source, up to its first variable."""
    for path in pathlib.Path(rq.__file__).parent.rglob('*.py'):
        for m in re.finditer(r"""KEY_PREFIX(?:\}| \+ ')(:[^'{%]*)""", path.read_text()):
            yield 'rq' + m.group(1)


def main():
    lines = ['\t'.join(row) for row in rows()]
    made = [line.rpartition('\t')[2] for line in lines]
    missing = {s for s in spelled() if not any(k.startswith(s) for k in made)} - set(UNUSED)
    if missing:
        raise SystemExit(f'no line for {sorted(missing)}')
    text = f'# RQ {rq.VERSION}\n' + '\n'.join(lines) + '\n'
    pathlib.Path(__file__).with_name('keys.txt').write_text(text)


if __name__ == '__main__':
    main()

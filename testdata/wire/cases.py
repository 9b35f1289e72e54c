"""The jobs, results, executions and workers that generate.py asks every RQ version to write.

A case is a name, keywords for the constructor, and attributes to set after it.
A version that does not know a keyword or an attribute skips the case.
"""

from datetime import datetime, timedelta, timezone

UTC = timezone.utc
CREATED = datetime(2026, 11, 23, 10, 14, 47, 926798, UTC)
ENQUEUED = datetime(2026, 11, 23, 10, 14, 47, 927499, UTC)
STARTED = datetime(2026, 11, 23, 10, 14, 48, 238635, UTC)
ENDED = datetime(2026, 11, 23, 10, 14, 48, 238939, UTC)
BEAT = datetime(2026, 11, 23, 10, 14, 48, 238940, UTC)

ADD = dict(func='tasks.add', args=(1,), kwargs={'y': 2}, origin='default', timeout=180)
QUEUED = dict(_status='queued', enqueued_at=ENQUEUED)
RUNNING = dict(_status='started', enqueued_at=ENQUEUED, started_at=STARTED, last_heartbeat=STARTED, worker_name='w1')
OVER = dict(RUNNING, ended_at=ENDED, last_heartbeat=BEAT)
FINISHED = dict(OVER, _status='finished')
FAILED = dict(OVER, _status='failed')

TRACEBACK = 'Traceback (most recent call last):\n  File "/app/tasks.py", line 7, in fail\nValueError: größe ☃ 😀\n'


class Unserializable:
    def __reduce__(self):
        raise TypeError('no')


def webhooks(rq):
    if not hasattr(rq, 'Webhook'):
        return None
    return [
        rq.Webhook('http://127.0.0.1:1/x', 'finished'),
        rq.Webhook('https://h/größe?a=1&b=<2>', 'failed', method='POST', headers={'A': 'b'}, timeout=3),
        rq.Webhook('https://h/', 'failed', headers={'X-Größe': '☃ 😀 "quoted" \\ \x7f', 'a': '\n'}),
        rq.Webhook('https://h/', 'finished', headers={}, timeout=86400),
    ]


def jobs(rq):
    """Yields (name, serializer, keywords of Job.create, attributes)."""
    json = 'rq.serializers.JSONSerializer'
    yield 'bare', None, dict(func='tasks.add'), {}
    yield 'created', None, dict(ADD), {}
    yield 'no description', None, dict(ADD), dict(description=None)
    yield 'queued', None, dict(ADD), QUEUED
    yield 'queued json', json, dict(ADD, meta={'a': [1, '☃']}), QUEUED
    yield 'started', None, dict(ADD), RUNNING
    yield 'finished', None, dict(ADD), FINISHED
    yield 'failed', None, dict(ADD), FAILED
    yield 'stopped', None, dict(ADD), dict(_status='stopped', enqueued_at=ENQUEUED, started_at=STARTED)
    yield 'canceled', None, dict(ADD), dict(QUEUED, _status='canceled')
    yield 'scheduled', None, dict(ADD), dict(_status='scheduled')
    yield 'scheduled at front', None, dict(ADD), dict(_status='scheduled', enqueue_at_front=True)
    yield 'not at front', None, dict(ADD), dict(_status='scheduled', enqueue_at_front=False)
    yield 'run in the caller', None, dict(ADD), dict(FINISHED, worker_name='sync')
    yield 'ready', None, dict(ADD, depends_on='p'), dict(_status='ready_to_enqueue')
    yield 'requeued', None, dict(ADD), dict(QUEUED, _exc_info='', worker_name='w1')
    yield 'failed by an old RQ', None, dict(ADD), dict(FAILED, _exc_info=TRACEBACK)
    yield 'retried', None, dict(ADD), dict(OVER, _status='queued', retries_left=1, retry_intervals=[10, 20])
    yield 'retry later', None, dict(ADD), dict(OVER, _status='scheduled', retries_left=0, retry_intervals=[0])
    yield 'retry at front', None, dict(ADD), dict(QUEUED, retries_left=3, retry_intervals=[0], enqueue_at_front_on_retry=True)
    yield 'returned retry', None, dict(ADD), dict(OVER, _status='queued', number_of_retries=1, _result='again')
    yield 'empty intervals', None, dict(ADD), dict(QUEUED, retries_left=1, retry_intervals=[])
    yield 'repeated', None, dict(ADD), dict(OVER, _status='queued', repeats_left=2, repeat_intervals=[5, 6], _result=3)
    yield 'repeated for the last time', None, dict(ADD), dict(OVER, repeats_left=0, repeat_intervals=[0], _result={'a': None})
    yield 'result of json', json, dict(ADD), dict(OVER, repeats_left=1, repeat_intervals=[0], _result=[1, '☃', 2.0])
    yield 'unserializable result', None, dict(ADD), dict(OVER, repeats_left=1, repeat_intervals=[0], _result=Unserializable())
    yield 'false result', None, dict(ADD), dict(OVER, repeats_left=1, repeat_intervals=[0], _result=False)

    for name, d in {
        'one id': 'p1',
        'several ids': ['p1', 'p-2', 'P_3'],
        'a Dependency': rq.job.Dependency(['p1', 'p2']),
        'allow failure': rq.job.Dependency('p1', allow_failure=True),
        'at front': rq.job.Dependency(['p1'], enqueue_at_front=True),
    }.items():
        yield f'deferred, {name}', None, dict(ADD, depends_on=d, ttl=77), dict(_status='deferred')

    callback = dict(on_success=rq.Callback('tasks.ok', timeout=5), on_failure=rq.Callback('tasks.fail'))
    yield 'callbacks', None, dict(ADD, **callback, on_stopped=rq.Callback('tasks.stop', timeout=7200)), QUEUED
    yield 'one callback', None, dict(ADD, on_success=rq.Callback('tasks.ok', timeout=5)), QUEUED
    if webhooks(rq):
        for i, w in enumerate(webhooks(rq)):
            yield f'webhook {i}', None, dict(ADD, webhooks=[w]), QUEUED
        yield 'webhooks', None, dict(ADD, webhooks=webhooks(rq)), QUEUED
        yield 'no webhooks', None, dict(ADD, webhooks=[]), QUEUED

    yield 'group', None, dict(ADD, group_id='größe'), QUEUED
    if hasattr(rq.job.Job, 'has_rate_limit'):
        limit = dict(rate_limit_key='api größe', rate_limit_concurrency=2)
        yield 'rate limited', None, dict(ADD), dict(limit, _status='rate_limited')
        yield 'rate limited at front', None, dict(ADD), dict(limit, _status='rate_limited', enqueue_at_front=True)
        yield 'has a slot', None, dict(ADD), dict(QUEUED, **limit)

    for name, timeout in {'for ever': -1, 'negative': -5, 'long': 2**40, 'parsed': '1h'}.items():
        yield f'timeout {name}', None, dict(ADD, timeout=timeout), QUEUED
    yield 'kept for ever', None, dict(ADD, result_ttl=-1, failure_ttl=-1), QUEUED
    yield 'not kept', None, dict(ADD, result_ttl=0, failure_ttl=0), QUEUED
    yield 'ttls', None, dict(ADD, result_ttl=120, failure_ttl=86400, ttl=300), QUEUED

    text = '\x00\x01 größe ☃ 😀 \U0010ffff "\\/\x7f\u2028\r\n'
    yield 'texts', None, dict(ADD, description=text, meta={text: text}), dict(QUEUED, origin='größe ☃ a:b', worker_name=text)
    yield 'huge', None, dict(ADD, args=('x' * 30000, list(range(1000))), description='y☃' * 9000), QUEUED
    yield 'huge text', None, dict(ADD), dict(FAILED, _exc_info=TRACEBACK * 400)
    yield 'no arguments', None, dict(func='f', args=(), kwargs={}), QUEUED
    yield 'meta', None, dict(ADD, meta={'unserialized': b'x', 1: CREATED}), QUEUED

    for name, t in times().items():
        yield f'time {name}', None, dict(ADD), dict(created_at=t, enqueued_at=t, started_at=t, ended_at=t, last_heartbeat=t)
    yield 'everything', None, dict(
        ADD, result_ttl=1, failure_ttl=2, ttl=3, depends_on=rq.job.Dependency(['a', 'b'], allow_failure=True),
        description='d', meta={'m': 1}, **callback, on_stopped=rq.Callback('tasks.stop', timeout=7),
    ), dict(
        FINISHED, _exc_info='e', _result=4, retries_left=5, retry_intervals=[6, 7], timeout=8,
    )


def times():
    # Executions and results hold floats, for which the last moment is the year 10000.
    return {'last': datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), **float_times()}


def float_times():
    return {
        'without microseconds': datetime(2026, 1, 2, 3, 4, 5, 0, UTC),
        'of one microsecond': datetime(2026, 1, 2, 3, 4, 5, 1, UTC),
        'before the next second': datetime(2026, 12, 31, 23, 59, 59, 999999, UTC),
        'with zeros behind': datetime(2026, 1, 2, 3, 4, 5, 100000, UTC),
        'of the epoch': datetime(1970, 1, 1, 0, 0, 0, 0, UTC),
        'before the epoch': datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        'of four digits': datetime(1000, 1, 1, 0, 0, 0, 1, UTC),
        'of leap day': datetime(2028, 2, 29, 12, 0, 0, 0, UTC),
    }


def results(rq):
    """Yields (name, serializer, keywords of Result)."""
    json = 'rq.serializers.JSONSerializer'
    run = dict(execution_id='a0f8' * 8, execution_started_at=STARTED, execution_ended_at=BEAT)
    types = rq.results.Result.Type
    yield 'old', None, dict(type=types.SUCCESSFUL, return_value=3)
    yield 'old failure', None, dict(type=types.FAILED, exc_string=TRACEBACK)
    yield 'in the caller', None, dict(type=types.SUCCESSFUL, return_value=3, worker_name='')
    yield 'success', None, dict(type=types.SUCCESSFUL, return_value=3, worker_name='w1', **run)
    yield 'none', None, dict(type=types.SUCCESSFUL, return_value=None, worker_name='w1', **run)
    yield 'false', None, dict(type=types.SUCCESSFUL, return_value=False, worker_name='w1', **run)
    yield 'json', json, dict(type=types.SUCCESSFUL, return_value=[3.5, 'ü'], worker_name='w1', **run)
    yield 'unserializable', None, dict(type=types.SUCCESSFUL, return_value=Unserializable(), worker_name='w1', **run)
    yield 'unserializable json', json, dict(type=types.SUCCESSFUL, return_value=b'x', worker_name='w1', **run)
    yield 'huge', None, dict(type=types.SUCCESSFUL, return_value='x' * 40000, worker_name='w1', **run)
    yield 'failure', None, dict(type=types.FAILED, exc_string=TRACEBACK, worker_name='größe', **run)
    yield 'empty failure', None, dict(type=types.FAILED, exc_string='', worker_name='w1', **run)
    yield 'huge failure', None, dict(type=types.FAILED, exc_string=TRACEBACK * 500, worker_name='w1', **run)
    yield 'stopped', None, dict(
        type=types.FAILED, exc_string='Job stopped by user, work-horse terminated.', worker_name='w1',
        execution_id='a0f8' * 8, execution_started_at=STARTED,
    )
    yield 'stopped type', None, dict(type=types.STOPPED, worker_name='w1')
    if hasattr(types, 'RETRIED'):
        yield 'retried', None, dict(type=types.RETRIED, return_value=[1], worker_name='w1', **run)
    if hasattr(types, 'MAX_RETRIES_EXCEEDED'):
        yield 'no more retries', None, dict(type=types.MAX_RETRIES_EXCEEDED, return_value=[1], worker_name='w1', **run)
    for name, t in float_times().items():
        yield f'time {name}', None, dict(
            type=types.SUCCESSFUL, worker_name='w1', execution_started_at=t, execution_ended_at=t
        )


def executions():
    """Yields (name, keywords of Execution, attributes)."""
    ids = dict(id='a0f8' * 8, job_id='j')
    yield 'without a worker', ids, dict(created_at=STARTED, last_heartbeat=STARTED)
    yield 'of a worker', dict(ids, worker_name='größe.1'), dict(created_at=STARTED, last_heartbeat=BEAT)
    for name, t in float_times().items():
        yield f'time {name}', ids, dict(created_at=t, last_heartbeat=t + timedelta(microseconds=-1))


def workers():
    """Yields (name, attributes)."""
    usual = dict(name='w', queues=['default'], pid=9716, hostname='vm', ip_address='127.0.0.1:39842',
                 version='3.0.0', python_version='3.11.2 (main, Nov 30 2024, 21:22:50) [GCC 12.2.0]')
    yield 'usual', usual
    yield 'of several queues', dict(usual, queues=['high', 'größe.☃', 'a b', 'low'])
    yield 'of odd names', dict(usual, hostname='größe', ip_address='unknown', python_version='3.13.0\n"\\', pid=2**31)
    yield 'without names', dict(usual, hostname='', ip_address='', version='', python_version='')

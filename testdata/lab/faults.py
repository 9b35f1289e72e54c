"""Functions for jobs whose workers meet with accidents. Each notes on a stream when it starts and ends."""

import time
import uuid

from rq import get_current_job

NOTES = 'test:notes'


def noting(work):
    """Makes a function note its runs. What Redis has of a run it has in one step."""

    def wrapper(*args):
        job, run = get_current_job(), uuid.uuid4().hex

        def note(what):
            job.connection.xadd(NOTES, {'job': job.id, 'run': run, 'worker': job.worker_name or '', 'what': what})

        note('start')
        result = work(job, *args)
        note('end')
        return result

    wrapper.__name__ = wrapper.__qualname__ = work.__name__
    return wrapper


@noting
def work(job, ms, fails):
    """Takes some time, and fails the first few times that it gets so far."""
    time.sleep(ms / 1000)
    if job.connection.incr(f'test:tries:{job.id}') <= fails:
        raise ValueError('as it should')


@noting
def hold(job, worker):
    """Returns at once, but in one worker: there it waits for its end."""
    if job.worker_name == worker:
        time.sleep(60)


@noting
def insist(job, worker):
    """As hold, but it comes to an end there when it should not."""
    if job.worker_name == worker:
        time.sleep(60)

"""The Python half of the shop: enqueues totals for Go, and writes invoices for it."""

import os

from redis import Redis
from rq import Queue

connection = Redis.from_url(os.environ.get('REDIS_URL', 'redis://localhost:6379'))


def invoice(customer, lines):
    """Runs in `rq worker python`, when Go enqueues it."""
    items = ', '.join(f"{line['count']} x {line['name']}" for line in lines)
    return f'{customer} owes {sum(line["price"] * line["count"] for line in lines):.2f} for {items}'


def main():
    queue = Queue('go', connection=connection)
    lines = [{'name': 'tea', 'price': 2.5, 'count': 4}, {'name': 'cup', 'price': 7.0, 'count': 1}]
    job = queue.enqueue('shop.total', lines, discount=0.1)
    result = job.latest_result(timeout=60)
    print('Go returned:', result.return_value)

    job = queue.enqueue('shop.total', [{'name': 'cup', 'price': 7.0, 'count': -1}])
    result = job.latest_result(timeout=60)
    print('Go failed:', result.exc_string.strip().splitlines()[-1])


if __name__ == '__main__':
    main()

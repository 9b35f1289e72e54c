"""Prints what RQ makes of durations in strings. Run with RQ 3.0.0:

    python testdata/ttl/generate.py > testdata/ttl/timeouts.json
"""

import json

from rq.exceptions import TimeoutFormatError
from rq.utils import parse_timeout

TEXTS = [
    '2', '0', '-1', '+5', '180', ' 7 ', '\t7\n', '007', '1_000', '1__0', '_1', '1_', '-', '+', '', ' ', '--1', '+-1', '- 1',
    '1h', '3m', '5s', '2d', '1H', '3M', '5S', '2D', '5 m', ' 5m', '5m ', '-5m', '+5m', '0h', '1_0m', 'h', 'm', ' s', '1.5h', '1.5',
    '1e3', '1w', '1y', 'abc', '1hm', '1h30m', '10 000', '٣', '٣h', '१२m', '𝟗s', '²', '½', '１２', '1\u00a0', '\u20033\u2003', '\u200b3',
    '1\x1c', '\x1f1h', '0x10', '0b1', '1L', '1ſ', '1İ', '1ℳ', 'None', 'true', '1d\n', '9223372036', '-9223372036', '99999d',
]


def outcome(text):
    try:
        return parse_timeout(text)
    except TimeoutFormatError:
        return None


print(json.dumps([{'text': t, 'seconds': outcome(t)} for t in TEXTS], indent=0))

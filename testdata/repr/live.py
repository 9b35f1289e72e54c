"""Prints random values with their repr and JSON, for the tests that compare with a live Python.

    python3 testdata/repr/live.py SEED COUNT
"""

import json
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cases import random_value  # noqa: E402
from tagged import tag, text  # noqa: E402


def dumps(v):
    try:
        return json.dumps(v)
    except TypeError:
        return None


if __name__ == '__main__':
    rng = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        v = random_value(rng, 4, plain=rng.random() < 0.5)
        print(json.dumps({'value': tag(v), 'repr': repr(v), 'json': dumps(v)}))

"""Reads a hex pickle per line, and answers with what it means and whether pickle.dumps writes it the same.
The meaning is null for what pickle refuses.

The first line of the answer is the version of Python, whose C types decide on some of the bytes.
"""

import json
import pathlib
import pickle
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from describe import Describer  # noqa: E402

sys.setrecursionlimit(20000)
print("%d.%d" % sys.version_info[:2])
for line in sys.stdin:
    data = bytes.fromhex(line)
    try:
        value, protocol = pickle.loads(data), data[1]
    except Exception:
        print('{"want": null}')
        continue
    again = pickle.dumps(value, protocol)
    want = json.dumps(Describer(protocol)(value), separators=(",", ":"))
    print(json.dumps({"want": want, "again": None if again == data else again.hex()}))

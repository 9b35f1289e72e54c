"""Writes corpus.jsonl: pickles by CPython, and what they mean. Run it by hand with Python 3.11:

    python3.11 testdata/pickle/generate.py

Each line has the name of a case, its Python expression, the protocol, the pickle (base64, or base64 of
zlib when large), its description (see describe.py), or the SHA-256 of a long
one, and whether Go must write the same bytes again.
"""

import base64
import hashlib
import json
import os
import pathlib
import pickle
import sys
import zlib

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
if sys.version_info[:2] != (3, 11):
    sys.exit("the corpus is what CPython 3.11 writes")
if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets of str depends on it
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

import cases  # noqa: E402
from describe import Describer  # noqa: E402


def main():
    sys.setrecursionlimit(20000)
    count = 0
    with open(HERE / "corpus.jsonl", "w") as out:
        for case in cases.CASES:
            for protocol in case.protocols:
                out.write(line(case, protocol) + "\n")
                count += 1
        for name, raw in cases.RAW:
            out.write(raw_line(name, raw) + "\n")
            count += 1
    print(count, "cases")


def line(case, protocol):
    value = cases.evaluate(case.expr)
    data = pickle.dumps(value, protocol)
    return row(case.name, case.expr, protocol, data, value, case.exact and protocol >= 4)


def raw_line(name, raw):
    """A pickle made by hand or by Python 2: it means what Python makes of it."""
    protocol = raw[1] if raw[:1] == b"\x80" else 0
    return row(name, ascii(raw)[:80], protocol, raw, pickle.loads(raw), False)


def row(name, expr, protocol, data, value, exact):
    fields = {"name": name, "expr": expr, "protocol": protocol}
    if len(data) > 2000:
        fields["zpickle"] = base64.b64encode(zlib.compress(data, 9)).decode()
    else:
        fields["pickle"] = base64.b64encode(data).decode()
    want = compact(Describer(protocol)(value))
    if len(want) > 2000:
        fields["wantsum"] = hashlib.sha256(want.encode()).hexdigest()
    else:
        fields["want"] = want
    return compact({**fields, "exact": exact})


def compact(v):
    return json.dumps(v, separators=(",", ":"))


if __name__ == "__main__":
    main()

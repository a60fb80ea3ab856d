#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants every violation that the lints promise to find in a small tree, and sees it found.

usage: test_planted.py ROOT

A lint that cannot fail proves nothing.  Each plant names the message it must cause; the tree
without plants must cause none.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
CC = shutil.which("gcc") or shutil.which("cc") or "cc"

failures = []


def header(path, body=""):
    guard = re.sub(r"\W", "_", path).upper()
    return f"{SPDX}/*  {path} - part of a small tree. */\n#ifndef {guard}\n#define {guard}\n{body}\n#endif\n"


def source(body):
    return SPDX + body


def small_tree(root):
    """A tree with no finding: one module in every folder that a plant needs."""
    for path, body in {
        "engine/base/slot.h": header("engine/base/slot.h", "int ph_slot(int v);"),
        "engine/base/slot.c": source('#include "engine/base/slot.h"\n\nint ph_slot(int v)\n{\n    return v;\n}\n'),
        "engine/base/money.h": header("engine/base/money.h"),
        "engine/journal/writer.h": header("engine/journal/writer.h", "int ph_journal_writer(int v);"),
        "engine/core/ledger.h": header("engine/core/ledger.h", "int ph_ledger(int v);"),
        "engine/core/ledger.c": LEDGER.format(extra="", body="return ph_slot(v);"),
        "tests/unit/test_ledger.c": source(""),
        "gateway/doors/ratelimit.c": source("int phg_ratelimit(void);\n"),
        "gateway/replica/feed.h": header("gateway/replica/feed.h"),
        "clients/lib/wire.h": header("clients/lib/wire.h"),
        "clients/cli/main.c": source('#include "clients/lib/wire.h"\n'),
        "tests/unit/test_slot.c": source(""),
        "tests/unit/test_examples.c": source(""),
        "tests/unit/test_ratelimit.c": source(""),
        "tests/unit/test_session.c": source(""),
        "tests/run.sh": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n",
    }.items():
        put(root, path, body)


LEDGER = source(
    '#include "engine/core/ledger.h"\n{extra}\n#include "engine/base/slot.h"\n\n'
    "int ph_ledger(int v)\n{{\n    {body}\n}}\n"
)


def put(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def lint(name, root, *args):
    run = subprocess.run(
        [sys.executable, str(HERE / name), str(root), *map(str, args)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


def compile_layers(root):
    """Object code in the places where meson puts it."""
    build = root / "build"
    for layer in ("base", "wire", "core"):
        folder = build / "engine" / layer / f"libph_{layer}.a.p"
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((root / "engine" / layer).glob("*.c")):
            subprocess.run(
                [CC, "-std=c17", "-O1", "-fPIC", "-w", "-I", str(root), "-c", str(path),
                 "-o", str(folder / (path.name + ".o"))],
                check=True,
            )  # fmt: skip
    return build


def expect(title, status, output, message):
    if message is None:
        if status != 0:
            failures.append(f"{title}: found something in a clean tree:\n{output}")
    elif status != 1 or message not in output:
        failures.append(f"{title}: wanted {message!r}, status {status}, got:\n{output}")


def ledger(extra="", body="return ph_slot(v);"):
    return {"engine/core/ledger.c": LEDGER.format(extra=extra, body=body)}


LAYERS = [
    ("clean", {}, None),
    ("core includes the journal", ledger('#include "engine/journal/writer.h"'),
     "engine/core/ledger.c:3: core may not include journal"),
    ("core includes the clock", ledger("#include <time.h>"), "engine/core/ledger.c:3: <time.h> in a pure layer"),
    ("core includes malloc", ledger("#include <stdlib.h>"), "engine/core/ledger.c:3: <stdlib.h> in a pure layer"),
    ("a header of the gateway touches sockets", {"gateway/wires.h": header("gateway/wires.h", "#include <zmq.h>")},
     "gateway/wires.h:5: <zmq.h> has its own door"),
    ("a pure file of the gateway touches sockets", {"gateway/doors/ratelimit.c": source("#include <zmq.h>\n")},
     "gateway/doors/ratelimit.c:2: <zmq.h> in a pure layer"),
    ("a session touches files", {"gateway/entry/session.c": source("#include <stdio.h>\n#include <fcntl.h>\n")},
     "gateway/entry/session.c:3: <fcntl.h> in a quiet file"),
    ("the gateway sees the market", {"gateway/replica/feed.h": header("gateway/replica/feed.h", '#include "engine/core/ledger.h"')},
     "gateway/replica/feed.h:5: replica may not include core"),
    ("the books see the doors", {"gateway/books/depth.h": header("gateway/books/depth.h", '#include "gateway/replica/feed.h"')},
     "gateway/books/depth.h:5: books may not include replica"),
    ("a door sees the loop", {"gateway/gateway.h": header("gateway/gateway.h"),
                              "gateway/doors/ratelimit.c": source('#include "gateway/gateway.h"\n')},
     "gateway/doors/ratelimit.c:2: doors may include only bounds of gateway"),
    ("sideways", {"engine/wire/codec.h": header("engine/wire/codec.h", '#include "engine/journal/writer.h"')},
     "engine/wire/codec.h:5: wire may not include journal"),
    ("a customer needs the engine", {"clients/cli/main.c": source('#include "engine/base/slot.h"\n')},
     "clients/cli/main.c:2: cli may not include base"),
    ("generated code outside its door", {"gateway/replica/feed.h": header("gateway/replica/feed.h", '#include "petahour/v1/session.pb-c.h"')},
     "has its own door"),
    ("a folder nobody described", {"engine/extra/thing.h": header("engine/extra/thing.h")},
     "engine/extra/thing.h: folder is not in the table"),
    ("an unknown library", {"engine/host/loop.c": source("#include <curl/curl.h>\n")},
     "engine/host/loop.c:2: <curl/curl.h> is not known"),
    ("an include relative to its folder", {"clients/cli/main.c": source('#include "wire.h"\n')},
     '"wire.h" is not a file of this repository'),
    ("circle",
     {"engine/base/slot.h": header("engine/base/slot.h", '#include "engine/base/money.h"\nint ph_slot(int v);'),
      "engine/base/money.h": header("engine/base/money.h", '#include "engine/base/slot.h"')},
     "circle: engine/base/money.h -> engine/base/slot.h -> engine/base/money.h"),
    ("a header relies on its includer", {"engine/core/stp.h": header("engine/core/stp.h", "uint32_t ph_stp(void);")},
     "engine/core/stp.h: does not compile alone"),
]  # fmt: skip

SYMBOLS = [
    ("clean", {}, None),
    ("a clock declared by hand", ledger("int clock_gettime(int id, void *to);", "return clock_gettime(v, 0);"),
     "engine/core/ledger.c: needs clock_gettime"),
    ("the journal declared by hand", ledger("int ph_journal_writer(int v);", "return ph_journal_writer(v);"),
     "engine/core/ledger.c: needs ph_journal_writer"),
    ("malloc declared by hand",
     ledger("void *malloc(unsigned long size);\nvoid *volatile ph_kept;", "ph_kept = malloc(9);\n    return v;"),
     "engine/core/ledger.c: needs malloc"),
    ("base calls core", {"engine/base/slot.c": source("int ph_ledger(int v);\nint ph_slot(int v)\n{\n    return ph_ledger(v);\n}\n")},
     "engine/base/slot.c: needs ph_ledger"),
    ("a variable that changes", ledger("static int seen;\n", "return seen += v;"),
     "engine/core/ledger.c: seen is a variable that changes"),
]  # fmt: skip

LONG_BODY = "    v += ph_slot(v);\n" * 80

WORDS = [
    ("clean", {}, None),
    ("floating point", ledger("", "return (int)(v * (double)2);"), "double where money is counted"),
    ("a sort that orders ties by chance", ledger("", "qsort(&v, 1, 4, 0);\n    return v;"), "qsort in a pure layer"),
    ("text without room", {"clients/cli/main.c": source("void f(char *a)\n{\n    strcpy(a, a);\n}\n")},
     "clients/cli/main.c:4: strcpy does not know the room"),
    ("a shell", {"clients/cli/main.c": source("void f(char *a)\n{\n    system(a);\n}\n")}, "use posix_spawn"),
    ("an open file that children inherit", {"clients/cli/main.c": source("int f(char *a)\n{\n    return open(a, 0);\n}\n")},
     "clients/cli/main.c:4: open without CLOEXEC"),
    ("comment of another form", ledger("// says nothing"), "engine/core/ledger.c:3: comment in another form"),
    ("a word in a text is no call", {"clients/cli/main.c": source('char *t = "strcpy(a) // b";\n')}, None),
    ("unfinished", ledger("/* TO" "DO: later */"), "finish it or leave it out"),
    ("a path of one machine", {"tests/run.sh": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\ncd /ho" "me/me/x\n"},
     "is a path of one machine"),
    ("no licence line", {"clients/cli/main.c": "int x;\n"}, "clients/cli/main.c:1: first line must be"),
    ("no banner", {"gateway/replica/feed.h": SPDX + "#ifndef GATEWAY_FEED_H\n#define GATEWAY_FEED_H\n#endif\n"},
     "gateway/replica/feed.h:2: a header begins with its banner"),
    ("a guard of another file", {"gateway/replica/feed.h": header("gateway/replica/feed.h").replace("FEED_H", "FOOD_H")},
     "include guard must be GATEWAY_REPLICA_FEED_H"),
    ("a long function", ledger("", LONG_BODY.strip() + "\n    return v;"), "function of 84 lines, 70 allowed"),
    ("a long function with its reason", ledger("", "/* long: a table */\n" + LONG_BODY + "    return v;"), None),
    ("a long file", ledger("int ph_slot(int v);\n" * 600), "lines, 600 allowed"),
    ("many parameters", ledger("int f(int a, int b, int c, int d, int e, int f, int g)\n{\n    return a;\n}\n"),
     "7 parameters, 6 allowed"),
    ("a long line", ledger("/* " + "x" * 100 + " */"), "106 columns, 100 allowed"),
    ("a module without a test", {"engine/core/stp.c": source("")}, "tests/unit/test_stp.c is missing"),
    ("a test that hopes", {"tests/unit/test_slot.c": source("void f(void)\n{\n    usleep(1);\n}\n")}, "usleep hopes"),
    ("a name that says nothing", {"gateway/util.c": source("")}, '"util" says nothing'),
    ("a message in another form",
     {"clients/cli/main.c": source('void f(void)\n{\n    ph_log_error("Could not.");\n}\n')},
     "a message is lower case"),
]  # fmt: skip


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    lints = {
        "layers": (LAYERS, lambda root: lint("layers.py", root, "--compile", CC, "-std=c17")),
        "symbols": (SYMBOLS, lambda root: lint("symbols.py", root, compile_layers(root))),
        "words": (WORDS, lambda root: lint("words.py", root)),
    }
    for name, (plants, run) in lints.items():
        for title, files, message in plants:
            with tempfile.TemporaryDirectory(prefix="petahour-lint-") as folder:
                root = Path(folder)
                small_tree(root)
                for path, text in files.items():
                    put(root, path, text)
                expect(f"{name}, {title}", *run(root), message)
    print("\n".join(failures) or f"{len(LAYERS) + len(SYMBOLS) + len(WORDS)} plants, all found")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

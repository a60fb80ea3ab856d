#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Words and calls that do not belong here, each with what to use instead; and sizes.

usage: words.py ROOT

Reads every file that we wrote.  Sizes are ratchets: a file or a function that must be longer says
so with a comment of one line, /* long: reason */, at its beginning; one with more parameters with
/* wide: reason */.  Prints one line per finding and exits 1 if there is any.
"""

import os
import re
import sys
from pathlib import Path

from layers import is_pure, is_quiet, layer_of

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6
COLUMNS_MAX = 100

# Modules whose test has another name than tests/unit/test_<module>.c.
TESTED_BY = {
    **{
        f"engine/core/{name}.c": "tests/unit/test_examples.c"
        for name in ("book", "column", "fill", "gate", "law", "market", "match", "trade")
    },
    **{
        f"engine/core/{name}.c": "tests/unit/test_shapes.c"
        for name in ("check", "expiry", "match_block", "offer")
    },
    **{
        f"engine/core/{name}.c": "tests/unit/test_resale.c"
        for name in ("contract", "finality", "law_contract", "supply", "view")
    },
    "engine/core/snapshot_check.c": "tests/unit/test_snapshot.c",
    **{
        f"engine/core/{name}.c": "tests/unit/test_question.c" for name in ("prefetch", "trial")
    },
    **{
        f"engine/journal/{name}.c": "tests/unit/test_writer.c"
        for name in ("chain", "fault", "file_posix", "segment", "watermark")
    },
    "engine/replay/limits.c": "tests/unit/test_replay.c",
    "gateway/entry/session.c": "tests/unit/test_session_table.c",
    "gateway/replica/private_stream.c": "tests/unit/test_resting.c",
    "gateway/replica/feed_blocks.c": "tests/unit/test_feed.c",
    "gateway/replica/feed_candles.c": "tests/unit/test_feed.c",
    "gateway/replica/feed_books.c": "tests/unit/test_feed.c",
    "gateway/replica/feed_frames.c": "tests/unit/test_feed.c",
    "gateway/replica/feed_trades.c": "tests/unit/test_feed.c",
    "gateway/translate/translate_notices.c": "tests/unit/test_golden_frames.c",
    "gateway/translate/translate_query.c": "tests/unit/test_golden_frames.c",
    "engine/query/holdings.c": "tests/unit/test_answer.c",
    "clients/demo/orders.c": "tests/unit/test_scenario.c",
}

TESTED_FOLDERS = {"engine/base", "engine/wire", "engine/core", "engine/journal"}


def call(*names):
    return re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")


# pattern, message ({0}: what was found); on code without comments and texts
EVERYWHERE = [
    (re.compile(r"//"), "comment in another form; use /* */"),
    (call("gets", "scanf", "sscanf", "fscanf"), "{0} accepts what it should refuse; use ph_reader or a parser of base"),
    (call("atoi", "atol", "atoll", "atof"), "{0} hides bad input; use strtol with both ends checked"),
    (call("strtok",), "{0} keeps hidden state; use strtok_r or strcspn"),
    (call("rand", "srand", "random", "srandom", "drand48"), "{0} is not a source of chance; use randombytes_buf, or a seed that is printed"),
    (call("localtime", "localtime_r", "mktime", "ctime", "asctime"), "{0} depends on the place; use engine/base/period.h"),
    (call("setlocale",), "{0} changes what text means; the project has one form of text"),
    (call("system", "popen"), "{0} starts a shell; use posix_spawn"),
    (call("tmpnam", "mktemp", "tempnam"), "{0} races; use mkdtemp or mkostemp"),
    (call("signal",), "{0} is not portable in what it does; use sigaction"),
    (call("alloca",), "{0} has no bound; use an array whose size has a name"),
    (call("assert",), "{0} may be switched off; use PH_ASSERT"),
    (call("setjmp", "longjmp"), "{0} leaves things open; return a status"),
    (call("bzero", "bcopy"), "{0} is not C17; use memset or memmove"),
    (re.compile(r"#\s*pragma\s+once"), "pragma once; use an include guard"),
    (re.compile(r"\btypedef\s+(?:const\s+)?(?:struct\s+)?\w+\s*\*\s*\w+\s*;"), "typedef of a pointer hides that it is one"),
    (re.compile(r"\bth(?:rd|read)_local\b|\b_Thread_local\b|\b__thread\b"), "{0} is a hidden output; pass it"),
]  # fmt: skip

# What tests may do: their texts are constants, and a sanitizer watches.
PROGRAMS = [
    (call("strcpy", "strcat", "stpcpy", "strncpy", "strncat"), "{0} does not know the room; use snprintf or ph_text_set"),
    (call("sprintf", "vsprintf"), "{0} does not know the room; use snprintf or vsnprintf"),
]  # fmt: skip

# No clock, no file, no socket.
QUIET = [
    (re.compile(r"\b(float|double)\b"), "{0} where money is counted; use ph_money and whole numbers"),
    (call("printf", "fprintf", "puts", "fputs", "fwrite", "perror", "write", "read", "fopen", "open"), "{0} where there is no world; return a status or an event"),
    (call("time", "clock", "clock_gettime", "gettimeofday", "nanosleep"), "{0} where there is no clock; time is an argument"),
    (call("getenv", "secure_getenv"), "{0} where there is no world; a setting is an argument"),
]  # fmt: skip

PURE = QUIET + [
    (call("malloc", "calloc", "realloc", "free", "strdup", "strndup", "mmap"), "{0} in a pure layer; carve from the block that init was given"),
    (call("snprintf", "vsnprintf"), "{0} in a pure layer; texts are made at the edge"),
    (call("qsort", "bsearch", "qsort_r"), "{0} in a pure layer orders ties by chance; write a total order"),
    (re.compile(r"\b(pthread_\w+|_Atomic|volatile|errno)\b"), "{0} in a pure layer; there is one thread and no world"),
    (re.compile(r"\b(?:unsigned|int|u?int\d+_t|bool)\s+\w+\s*:\s*\d+\s*[;,]"), "bit-field in a pure layer; use a whole field or a mask"),
    (re.compile(r"\blong\b"), "long has another width elsewhere; use int64_t"),
]  # fmt: skip

UNIT_TESTS = [
    (call("sleep", "usleep", "nanosleep"), "{0} hopes; wait for what the test needs"),
]

# On every text file, comments and documents included.  Written in pieces, or this file and its
# test would find themselves.
TEXT = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b"), "{0}: finish it or leave it out"),
    (re.compile(r"(?i)\b(not imple" r"mented|place" r"holder|dum" r"my|for n" r"ow|st" r"ub(?:bed)?)\b"), "{0}: finish it or leave it out"),
    (re.compile(r"(?m)^(<{7}|>{7}) "), "{0}: a merge was left half done"),
    (re.compile(r"(?<![\w.~$}])(/(?:home|root|Users|work|farm)/[\w.-]+)"), "{0} is a path of one machine"),
    (re.compile(r"(?i)\b(registry\.npm" r"js\.org|(?:deb|security)\.deb" r"ian\.org|pypi\." r"org)\b"), "{0}: hosts of package registries belong to the machine"),
]  # fmt: skip

LOG_TEXT = re.compile(r'ph_log_(?:info|warning|error)\(\s*"((?:[^"\\]|\\.)*)"\s*[,)]')
OPEN = re.compile(r"(?<![\w.>])(open|openat|memfd_create|accept4|epoll_create1|eventfd|inotify_init1)\s*\(([^;]*);")
FOPEN = re.compile(r'(?<![\w.>])fopen\s*\([^;]*?"([rwabx+e]+)"')
# Of files whose subject is a set of published data.
NAMED = {"clients/demo/data.c", "clients/demo/data.h"}
VAGUE = {"manager", "handler", "helper", "helpers", "util", "utils", "common", "misc", "info", "data"}

C_SUFFIXES = (".c", ".h")
TEXT_SUFFIXES = (".c", ".h", ".py", ".sh", ".proto", ".sql", ".md", ".build", ".yaml", ".yml", ".ini")
SPDX_SUFFIXES = (".c", ".h", ".py", ".sh", ".proto", ".sql", ".build")
SPDX = "SPDX-License-Identifier: Apache-2.0"
LONG = re.compile(r"/\* long: \S.*\*/")
WIDE = re.compile(r"/\* wide: \S.*\*/")

# Headers that are installed: their users write another include than we do.
INSTALLED = {"clients/lib/petahour.h"}


def files(root):
    """Every file that we wrote: not hidden, not built, no data of others."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f for f in folders
            if not (f.startswith(".") and f != ".ci") and not f.startswith("build") and f != "__pycache__"
        )  # fmt: skip
        here = Path(folder).relative_to(root).as_posix()
        if here == "clients/demo/data" or here.startswith("clients/demo/data/"):
            continue
        for name in sorted(names):
            path = name if here == "." else f"{here}/{name}"
            if is_script(root, path) or name.endswith(TEXT_SUFFIXES):
                yield path


def is_script(root, path):
    if "." in path.rsplit("/", 1)[-1]:
        return False
    with open(root / path, "rb") as file:
        return file.read(2) == b"#!"


def blank(match):
    """Keeps the lines and the columns of what it hides."""
    return re.sub(r"[^\n]", " ", match[0])


COMMENT = re.compile(r"/\*.*?\*/", re.S)
TEXTS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
COMMENT_OR_TEXT = re.compile(COMMENT.pattern + "|" + TEXTS.pattern, re.S)


def without_comments(text):
    return COMMENT_OR_TEXT.sub(lambda m: blank(m) if m[0].startswith("/*") else m[0], text)


def without_texts(text):
    return TEXTS.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check_rules(path, text, rules):
    for pattern, message in rules:
        for match in pattern.finditer(text):
            found = match[1] if pattern.groups else match[0]
            yield f"{path}:{line_of(text, match.start())}: {message.format(found)}"


def check_first_lines(path, lines):
    at = 1 if lines and lines[0].startswith("#!") else 0
    if len(lines) <= at or SPDX not in lines[at]:
        yield f"{path}:{at + 1}: first line must be {SPDX}"
    elif path.endswith(".h"):
        name = Path(path).name if path in INSTALLED else path
        if len(lines) < 2 or not lines[1].startswith(f"/*  {name} - "):
            yield f'{path}:2: a header begins with its banner, "/*  {name} - what it is"'
        guard = re.sub(r"\W", "_", path).upper()
        if path not in INSTALLED and f"#ifndef {guard}" not in lines:
            yield f"{path}: include guard must be {guard}"


def parameters_of(signature):
    """Number of parameters of a definition.  A buffer with its size, a callback with its argument
    and the details of an error count once with what they belong to."""
    depth, names, name = 0, [], ""
    for char in signature[signature.find("(") :]:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if (depth == 1 and char == ",") or depth == 0:
            names.append(re.sub(r"\W+$", "", name).strip())
            name = ""
        elif depth >= 1:
            name += char
        if depth == 0:
            break
    belongs = re.compile(r"\b(\w*size|\w*cnt|length|arg|reterr)$")
    return sum(1 for n in names if n not in ("", "(", "(void", "void") and not belongs.search(n))


def check_sizes(path, lines, code_lines):
    if len(lines) > FILE_LINES_MAX and not any(LONG.search(line) for line in lines[:40]):
        yield f"{path}: {len(lines)} lines, {FILE_LINES_MAX} allowed (or /* long: reason */)"
    for i, line in enumerate(lines):
        if len(line) > COLUMNS_MAX:
            yield f"{path}:{i + 1}: {len(line)} columns, {COLUMNS_MAX} allowed"
    start = None
    for i, line in enumerate(code_lines):
        if line.rstrip() == "{" and start is None:
            start = i
        elif line.startswith("}") and start is not None:
            yield from check_function(path, lines, code_lines, start, i)
            start = None


def check_function(path, lines, code_lines, start, end):
    first = start
    while first > 0 and re.match(r"[\w\s]", code_lines[first - 1]) and code_lines[first - 1].strip():
        first -= 1
    length = end - first + 1
    around = lines[max(0, first - 1) : start + 2]
    if length > FUNCTION_LINES_MAX and not any(LONG.search(line) for line in around):
        yield f"{path}:{first + 1}: function of {length} lines, {FUNCTION_LINES_MAX} allowed (or /* long: reason */)"
    count = parameters_of("\n".join(code_lines[first:start]))
    if count > PARAMETERS_MAX and not any(WIDE.search(line) for line in around):
        yield f"{path}:{first + 1}: {count} parameters, {PARAMETERS_MAX} allowed; pass a struct (or /* wide: reason */)"


def check_c(path, text):
    code = without_comments(text)
    bare = without_texts(code)
    yield from check_rules(path, bare, EVERYWHERE)
    if not path.startswith("tests/"):
        yield from check_rules(path, bare, PROGRAMS)
    if is_pure(path):
        yield from check_rules(path, bare, PURE)
    elif is_quiet(path):
        yield from check_rules(path, bare, QUIET)
    if path.startswith("tests/unit/"):
        yield from check_rules(path, bare, UNIT_TESTS)
    for match in OPEN.finditer(bare):
        before = bare[: match.start()].rsplit("\n", 8)[1:]  # flags may be put together just before
        if "CLOEXEC" not in match[2] and "CLOEXEC" not in "\n".join(before):
            yield f"{path}:{line_of(bare, match.start())}: {match[1]} without CLOEXEC"
    for match in FOPEN.finditer(code):
        if "e" not in match[1]:
            yield f'{path}:{line_of(code, match.start())}: fopen without "e" (close on exec)'
    for match in LOG_TEXT.finditer(code):
        if re.match(r"[A-Z][a-z]", match[1]) or re.search(r"[a-z]\.$", match[1]):
            yield f"{path}:{line_of(code, match.start())}: a message is lower case and has no full stop"
    yield from check_sizes(path, text.split("\n")[:-1], bare.split("\n"))


def check_tested(root, path):
    """A pure module has a test of its own name."""
    if not path.endswith(".c") or path.startswith("tests/"):
        return
    if layer_of(path) not in TESTED_FOLDERS and not (is_pure(path) or is_quiet(path)):
        return
    module = Path(path).stem
    test = TESTED_BY.get(path, f"tests/unit/test_{module}.c")
    if not (root / test).is_file():
        yield f"{path}: has no test, {test} is missing"


def check(root):
    findings, count = [], 0
    for path in files(root):
        count += 1
        text = (root / path).read_text(encoding="utf-8")
        lines = text.split("\n")
        findings += check_rules(path, text, TEXT)
        name = path.rsplit("/", 1)[-1]
        if name.endswith(SPDX_SUFFIXES) or "." not in name:
            findings += check_first_lines(path, lines)
        if path.endswith(C_SUFFIXES):
            findings += check_c(path, text)
            findings += check_tested(root, path)
            for word in set(re.split(r"\W|_", name.rsplit(".", 1)[0])) & VAGUE:
                if "market_data" not in name and path not in NAMED:
                    findings.append(f'{path}: "{word}" says nothing; name what it is in the market')
        for i, line in enumerate(lines):
            if line.endswith((" ", "\t", "\r")):
                findings.append(f"{path}:{i + 1}: white space at the end of the line")
        if text and not text.endswith("\n"):
            findings.append(f"{path}: no end of line at the end")
    return findings, count


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    findings, count = check(Path(argv[1]).resolve())
    print("\n".join(findings) if findings else f"{count} files, no finding")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

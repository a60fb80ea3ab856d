# SPDX-License-Identifier: Apache-2.0
"""Blocks of a guide that are marked `console`: commands after "$ ", and what each says.

"..." stands for any lines, also within a line; "# exit status 8" behind a command for the status that it
ends with, which is 0 otherwise.
"""

import re


def blocks(text):
    return re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M)


def outside(text):
    """The text without these blocks."""
    return re.sub(r"^```console\n.*?^```$", "", text, flags=re.S | re.M)


def steps(block):
    """Commands of a block with what the guide shows of each."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def pattern(lines):
    """What the lines shown stand for."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(map(re.escape, line.split("..."))) + r"\n")
    return "".join(parts)

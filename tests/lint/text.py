#!/usr/bin/env python3
"""Every text file of the repository: an open point names its issue, a script parses, nothing is left of a merge.

  text.py ROOT
  text.py --self-test
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# `TODO(#12)` or `TODO(https://…)`; written so that this file does not match itself.
OPEN_POINT = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b(?!\((#\d+|https?://)[^)]*\))")
CONFLICT = re.compile(r"^(<{7}|>{7}) ")
TRAILING = re.compile(r"[ \t]+$")
# Bytes that tests compare or replay stay as they are.
DATA = ("tests/fuzz/corpus/", "tests/golden/")
CODE = {".h", ".cc", ".c", ".py", ".cmake", ".toml", ".sh", ".inc"}


def tracked(root):
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True)
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
    else:  # an unpacked archive
        names = [p.relative_to(root).as_posix() for p in root.rglob("*") if "build" not in p.relative_to(root).parts[:1]]
    return [root / name for name in names if name and (root / name).is_file() and not (root / name).is_symlink()]


def check_lines(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if OPEN_POINT.search(line):
            yield f"{path}:{number}: an open point without an issue"
        if CONFLICT.match(line):
            yield f"{path}:{number}: a merge conflict"
        if TRAILING.search(line) and pathlib.Path(path).suffix in CODE:
            yield f"{path}:{number}: trailing space"
    if text and not text.endswith("\n"):
        yield f"{path}:1: no newline at the end"


def check_script(root, file, path, first):
    if re.match(r"#!.*\b(bash|sh)\b", first):
        shell = "bash" if "bash" in first else "sh"
        parse = subprocess.run([shell, "-n", file], capture_output=True, text=True)
        if parse.returncode != 0:
            yield f"{path}:1: {parse.stderr.strip()}"
        elif shutil.which("shellcheck"):
            found = subprocess.run(["shellcheck", "--severity=warning", "--exclude=SC1007", "--format=gcc", "--external-sources", path],
                                   cwd=root, capture_output=True, text=True)
            yield from found.stdout.splitlines()
    elif re.match(r"#!.*\bpython", first) or file.suffix == ".py":
        try:
            compile(file.read_text(), str(path), "exec")
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"


def check(root):
    for file in tracked(root):
        path = file.relative_to(root).as_posix()
        if path.startswith(DATA):
            continue
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        yield from check_lines(path, text)
        yield from check_script(root, file, path, text.partition("\n")[0])


def self_test():
    mark = "TO" + "DO"
    samples = {
        "good.cc": (f"int x;  // {mark}(#12): narrower\n", False),
        "open.cc": (f"int x;  // {mark}: narrower\n", True),
        "space.py": ("x = 1 \n", True),
        "merge.md": ("<" * 7 + " ours\n", True),
        "end.md": ("text", True),
        "broken": ("#!/bin/bash\nif true; then\n", True),
        "broken.py": ("def f(:\n", True),
        "fine": ("#!/bin/bash\nif true; then echo yes; fi\n", False),
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in samples.items():
            (root / name).write_text(text)
        found = {pathlib.Path(line.split(":")[0]).name for line in check(root)}
    wanted = {name for name, (_, bad) in samples.items() if bad}
    for name in sorted(found ^ wanted):
        print(f"self-test: {name}: {'found' if name in found else 'missed'}")
    return 1 if found != wanted else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    problems = list(check(pathlib.Path(arguments[0]).resolve()))
    print("\n".join(problems) if problems else "text: nothing to say")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

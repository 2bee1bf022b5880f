#!/usr/bin/env python3
"""check.py SOURCE -- COMPILER FLAG...: what SOURCE says must not compile does not, and for the reason that it says.

Without MUST_FAIL the source must compile without a word (the control: includes, names and flags are right). With it,
every line that ends in `// error: REGEX` must be named by a diagnostic that matches REGEX, and every diagnostic must
name such a line.
"""
import re
import subprocess
import sys

CONTEXT = re.compile(r"In instantiation of|In substitution of|In member function|In function|required from")
ERROR = re.compile(r"^\S+?:\d+:\d+: (fatal )?error: ")


def diagnostics(text):
    """One block of lines for each error; g++ says where an instantiation came from before it, clang after it."""
    blocks, context = [], []
    for line in text.splitlines():
        if ERROR.match(line):
            blocks.append(context + [line])
            context = []
        elif CONTEXT.search(line) and " note: " not in line:
            context.append(line)
        elif blocks:
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks]


def main():
    separator = sys.argv.index("--")
    (source,), command = sys.argv[1:separator], sys.argv[separator + 1:]

    control = subprocess.run(command + [source], capture_output=True, text=True)
    if control.returncode != 0 or control.stderr:
        sys.exit(f"the control does not compile:\n{control.stderr}")

    with open(source, encoding="utf-8") as file:
        marks = [(number, line.split("// error: ")[1].strip())
                 for number, line in enumerate(file, 1) if "// error: " in line]
    refused = subprocess.run(command + ["-DMUST_FAIL", source], capture_output=True, text=True)
    found = diagnostics(refused.stderr)
    problems = [] if marks else ["no line is marked"]
    claimed = set()
    for number, reason in marks:
        here = [i for i, block in enumerate(found) if f"{source}:{number}:" in block]
        claimed.update(here)
        if not any(re.search(reason, found[i]) for i in here):
            problems.append(f"{source}:{number}: compiled, or was refused for another reason than: {reason}")
    problems += [f"an error that no line expects:\n{block}" for i, block in enumerate(found) if i not in claimed]
    if problems or refused.returncode == 0:
        sys.exit("\n".join(problems) + "\n\nThe compiler said:\n" + refused.stderr)
    print(f"{len(marks)} lines refused as they should be")


main()

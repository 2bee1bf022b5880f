#!/usr/bin/env python3
"""The program in the agent's hands cannot name the type that holds a value: no symbol of `confide` comes from secrets/ or
masking/.

  check_cli_symbols.py BINARY
  check_cli_symbols.py --self-test [CXX]
"""
import pathlib
import re
import subprocess
import sys
import tempfile

FORBIDDEN = re.compile(r"SecretBuffer|\bconfide::(secrets|masking)::")
OURS = re.compile(r"\bconfide::")


def check(binary):
    names = subprocess.run(["nm", "-C", binary], check=True, capture_output=True, text=True).stdout.splitlines()
    if not any(OURS.search(name) for name in names):
        # A stripped binary would pass by having nothing to look at.
        return [f"{binary}: no symbol of ours: stripped?"]
    return [name for name in names if FORBIDDEN.search(name)]


def self_test(compiler):
    samples = {
        "clean": ("namespace confide::cli { int verb() { return 0; } } int main() { return confide::cli::verb(); }", True),
        "holds": ("namespace confide::secrets { struct SecretBuffer { int open(); }; int SecretBuffer::open() { return 0; } }"
                  " int main() { return confide::secrets::SecretBuffer{}.open(); }", False),
        "foreign": ("int main() {}", False),
    }
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (text, good) in samples.items():
            source, target = pathlib.Path(folder, name + ".cc"), str(pathlib.Path(folder, name))
            source.write_text(text)
            subprocess.run([compiler, "-std=c++17", source, "-o", target], check=True)
            if (not check(target)) != good:
                print(f"self-test: {name}: {check(target)}")
                failures += 1
    return 1 if failures else 0


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return self_test(arguments[1] if len(arguments) > 1 else "c++")
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    problems = check(arguments[0])
    print("\n".join(problems) if problems else "symbols: none of secrets/ or masking/")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

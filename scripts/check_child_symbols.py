#!/usr/bin/env python3
"""What runs between clone3 and execve may call nothing but system calls: compares the undefined symbols of its objects
with a list.

  check_child_symbols.py ARCHIVE_OR_OBJECT…
  check_child_symbols.py --self-test [CXX]     a sample that only makes system calls passes, one with a std::string fails
"""
import pathlib
import subprocess
import sys
import tempfile

ALLOWED = {
    # The only ways into the kernel, and where its error number is.
    "syscall", "__errno_location", "_exit",
    # clone(2)'s wrapper puts the new process on its own stack; there is no way to say that in C++.
    "clone",
    # What the compiler itself calls for copies, and the stack protector's end.
    "memcpy", "memmove", "memset", "memcmp", "strlen", "__stack_chk_fail",
    # Set by the linker, not functions.
    "_GLOBAL_OFFSET_TABLE_",
}


def symbols(option, files):
    output = subprocess.run(["nm", option, "--format=posix", *files], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in output.splitlines() if line and not line.endswith(":")}


def forbidden(files):
    defined = symbols("--defined-only", files)
    if not defined:
        raise SystemExit("child symbols: nothing is defined in " + " ".join(files))
    return symbols("--undefined-only", files) - defined - ALLOWED


SAMPLE_GOOD = """
#include <sys/syscall.h>
#include <unistd.h>
extern "C" int run(const char* path) { return static_cast<int>(syscall(SYS_chdir, path)); }
"""
SAMPLE_BAD = """
#include <string>
std::string run(const char* path) { return std::string(path) + "/x and some more text"; }
"""


def self_test(compiler):
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text, good in (("good", SAMPLE_GOOD, True), ("bad", SAMPLE_BAD, False)):
            source, target = pathlib.Path(folder, name + ".cc"), pathlib.Path(folder, name + ".o")
            source.write_text(text)
            subprocess.run([compiler, "-O2", "-fno-rtti", "-c", source, "-o", target], check=True)
            found = forbidden([str(target)])
            if (not found) != good:
                print(f"self-test: {name}: {sorted(found)}")
                failures += 1
    return 1 if failures else 0


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return self_test(arguments[1] if len(arguments) > 1 else "c++")
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    found = forbidden(arguments)
    for name in sorted(found):
        print(f"child symbols: not allowed between clone3 and execve: {name}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

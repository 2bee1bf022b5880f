#!/usr/bin/env python3
"""Reads the ELF headers of the installed programs: what the linker was asked for is really there.

  check_hardening.py [--dynamic] BINARY…
  check_hardening.py --self-test [CXX]

Static (no interpreter, no needed library, no search path), relocations read-only and bound at start, no executable stack,
no segment both writable and executable, stack protector linked in. With --dynamic the libraries of the system's may be needed, and
the program is position-independent instead.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def readelf(option, binary):
    return subprocess.run(["readelf", "--wide", option, binary], check=True, capture_output=True, text=True).stdout


def segments(binary):
    """(type, flags) of each program header, flags as in `R E`."""
    pattern = re.compile(r"^\s+([A-Z_0-9]+)\s+(?:0x[0-9a-f]+\s+){5}([RWE ]{3})\s+0x", re.MULTILINE)
    return [(kind, flags.replace(" ", "")) for kind, flags in pattern.findall(readelf("--program-headers", binary))]


def check(binary, dynamically=False):
    found = segments(binary)
    kinds = {kind for kind, _ in found}
    dynamic = readelf("--dynamic", binary)
    problems = []
    if "LOAD" not in kinds:
        problems.append("no loadable segment")
    if not dynamically and ("INTERP" in kinds or "(NEEDED)" in dynamic):
        problems.append("needs a dynamic loader")
    if dynamically and not re.search(r"FLAGS_1\b.*\bPIE\b", dynamic):
        problems.append("not position-independent (-pie)")
    if "(RPATH)" in dynamic or "(RUNPATH)" in dynamic:
        problems.append("carries a library search path")
    if "GNU_RELRO" not in kinds:
        problems.append("no read-only relocations (-z relro)")
    # A static position-dependent program has no dynamic section and binds nothing later.
    if "DYNAMIC" in kinds and not re.search(r"BIND_NOW|\bNOW\b", dynamic):
        problems.append("binds symbols lazily (-z now)")
    if not any(kind == "GNU_STACK" and "E" not in flags for kind, flags in found):
        problems.append("executable stack (-z noexecstack)")
    if any("W" in flags and "E" in flags for _, flags in found):
        problems.append("a segment is writable and executable")
    names = subprocess.run(["nm", *(["--dynamic"] if dynamically else []), binary], check=True, capture_output=True, text=True).stdout
    if "__stack_chk_fail" not in names:
        problems.append("no stack protector")
    return [f"{binary}: {problem}" for problem in problems]


SAMPLE = r"""
#ifdef WRITABLE_CODE
asm(".section .both, \"awx\", @progbits\n.byte 0\n.previous");
#endif
int main(int argc, char** argv) { char text[64]; text[0] = argv[0][0]; return text[argc - 1] == 0; }
"""


def self_test(compiler):
    good = ["-O2", "-fstack-protector-all", "-static", "-Wl,-z,relro,-z,now,-z,noexecstack"]
    dynamic = [flag for flag in good if flag != "-static"]
    samples = {
        "good": (good, True),
        "dynamic-good": ([*dynamic, "-fPIE", "-pie"], True, True),
        "dynamic-no-pie": ([*dynamic, "-no-pie"], False, True),
        "dynamic-lazy": (["-O2", "-fstack-protector-all", "-fPIE", "-pie", "-Wl,-z,relro,-z,lazy,-z,noexecstack"], False, True),
        "dynamic-rpath": ([*dynamic, "-fPIE", "-pie", "-Wl,-rpath,/tmp"], False, True),
        "dynamic": (dynamic, False),
        "stack": (good[:-1] + ["-Wl,-z,relro,-z,now,-z,execstack"], False),
        "norelro": (good[:-1] + ["-Wl,-z,norelro,-z,noexecstack"], False),
        "rpath": (["-O2", "-fstack-protector-all", "-Wl,-z,now,-rpath,/tmp"], False),
        "writable-code": (good + ["-DWRITABLE_CODE"], False),
    }
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "sample.cc")
        source.write_text(SAMPLE)
        for name, (flags, ok, *dynamically) in samples.items():
            target = str(pathlib.Path(folder, name))
            subprocess.run([compiler, source, *flags, "-o", target], check=True, stderr=subprocess.DEVNULL)
            problems = check(target, bool(dynamically))
            if (not problems) != ok:
                print(f"self-test: {name}: {problems}")
                failures += 1
    return 1 if failures else 0


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return self_test(arguments[1] if len(arguments) > 1 else "c++")
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    dynamically = arguments[0] == "--dynamic"
    if dynamically:
        del arguments[0]
    problems = [problem for binary in arguments for problem in check(binary, dynamically)]
    print("\n".join(problems) if problems else f"hardening: {len(arguments)} programs as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

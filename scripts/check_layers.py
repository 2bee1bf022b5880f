#!/usr/bin/env python3
"""Checks who includes whom against scripts/layers.toml.

  check_layers.py [ROOT]     every source file of every folder; prints FILE:LINE: reason; exit 1 on any
  check_layers.py --self-test

A source file in a folder without a layer is an error, and so is a quoted include that is not rooted at the repository.
"""
import pathlib
import re
import sys
import tempfile

SOURCES = {".h", ".cc", ".c", ".cpp", ".inc"}
# May include anything: they are no part of a product's library.
EXEMPT = {"tests", "bench", "scripts", "cmake", "docs", "packaging", "build", ".git", ".ci"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Layers:
    def __init__(self, text):
        try:
            import tomllib
        except ImportError:
            sys.exit("check_layers: needs Python 3.11 or newer (tomllib)")
        table = tomllib.loads(text)
        self.layers = table["layers"]
        self.external = table.get("external", {})
        for name, allowed in self.layers.items():
            for entry in allowed:
                if not isinstance(entry, str):
                    sys.exit(f"check_layers: {name}: entries are strings")

    def of(self, path):
        """The layer that owns `path`: the longest entry that is a folder above it."""
        owners = [name for name in self.layers if path.startswith(name + "/")]
        return max(owners, key=len, default=None)

    def may_include(self, layer, header):
        if header.startswith(layer + "/"):
            return True  # itself, with what lies below it
        # As with the owner of a path, the most specific entry decides, and "!x" takes out again.
        best, verdict = -1, False
        for entry in self.layers[layer]:
            name, allowed = (entry[1:], False) if entry.startswith("!") else (entry, True)
            if (header == name or header.startswith(name + "/")) and len(name) > best:
                best, verdict = len(name), allowed
        return verdict

    def may_use(self, layer, header):
        """Third-party headers named in [external] belong to the layers listed there."""
        for prefix, users in self.external.items():
            if header.startswith(prefix):
                return layer in users
        return True


def check(root, layers):
    known = {name.split("/")[0] for name in layers.layers}
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and p.name not in EXEMPT):
        for file in sorted(p for p in folder.rglob("*") if p.suffix in SOURCES and p.is_file()):
            path = file.relative_to(root).as_posix()
            layer = layers.of(path)
            if layer is None:
                yield f"{path}:1: no layer in scripts/layers.toml owns this folder"
                continue
            for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                bracket, header = found.groups()
                if bracket == "<" and header.split("/")[0] not in known:
                    if not layers.may_use(layer, header):
                        yield f"{path}:{number}: {layer} may not use <{header}>"
                elif "/" not in header and header.endswith(".inc"):
                    pass  # generated into the build folder for this one file
                elif header.split("/")[0] not in known or ".." in header.split("/"):
                    yield f'{path}:{number}: "{header}" is not rooted at the repository'
                elif not layers.may_include(layer, header):
                    yield f'{path}:{number}: {layer} may not include "{header}"'


EXAMPLE_LAYERS = """
[layers]
"base" = []
"policy" = ["base", "!base/log.h"]
"plan/child" = ["base/raw.h"]
"plan" = ["base", "policy"]
[external]
"toml++/" = ["policy"]
"""
# file -> (text, whether it is an error)
EXAMPLES = {
    "base/a.h": ("#include <vector>\n", False),
    "base/b.h": ('#include "policy/p.h"\n', True),
    "base/toml.h": ("#include <toml++/toml.h>\n", True),
    "policy/p.h": ('#include "base/a.h"\n#include <toml++/toml.h>\n', False),
    "policy/log.cc": ('#include "base/log.h"\n', True),
    "policy/made.cc": ('#include "made.inc"\n', False),
    "policy/near.cc": ('#include "p.h"\n', True),
    "policy/up.cc": ('#include "base/../plan/x.h"\n', True),
    "policy/angle.cc": ("#include <plan/x.h>\n", True),
    "plan/x.h": ('  #  include "policy/p.h"\n', False),
    "plan/y.h": ('#include "plan/child/c.h"\n', False),
    "plan/child/c.h": ('#include "base/raw.h"\n#include "plan/child/d.h"\n', False),
    "plan/child/e.h": ('#include "base/a.h"\n', True),
    "plan/child/f.h": ('#include "plan/x.h"\n', True),
    "stray/s.cc": ("int x;\n", True),
    "tests/t.cc": ('#include "whatever.h"\n', False),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in EXAMPLES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = {line.split(":")[0] for line in check(root, Layers(EXAMPLE_LAYERS))}
    wanted = {name for name, (_, bad) in EXAMPLES.items() if bad}
    for name in sorted(found ^ wanted):
        print(f"self-test: {name}: {'found' if name in found else 'missed'}")
    return 1 if found != wanted else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent).resolve()
    problems = list(check(root, Layers((root / "scripts/layers.toml").read_text())))
    print("\n".join(problems) if problems else "layers: all includes are allowed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Builds the Debian package and looks into it: what must be there is, what must not be is not, and it runs.

  check_package.py BUILD-FOLDER
"""
import pathlib
import subprocess
import sys
import tempfile

PROGRAMS = {"usr/bin/confide", "usr/libexec/confide/confide-supervisor", "usr/libexec/confide/confide-broker",
            "usr/libexec/confide/confide-fetch",
            "usr/libexec/confide/confide-probe"}
FOLDERS = ("usr/bin/", "usr/libexec/confide/", "usr/share/man/", "usr/share/doc/confide/", "usr/share/bash-completion/",
           "usr/share/zsh/", "usr/share/fish/", "usr/lib/systemd/")


def listing(package):
    """(mode, owner, path) of every entry, as tar prints them."""
    output = subprocess.run(["dpkg-deb", "--contents", package], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        yield mode, owner, path.partition(" -> ")[0].removeprefix("./")


def problems_of(package):
    files = {}
    for mode, owner, path in listing(package):
        if owner != "root/root":
            yield f"{path}: owned by {owner}"
        if "s" in mode[1:].lower():
            yield f"{path}: setuid or setgid"
        if mode[8] == "w" and mode[0] != "l":
            yield f"{path}: writable by everybody"
        if not path.endswith("/"):
            files[path] = mode
            if not path.startswith(FOLDERS):
                yield f"{path}: not a place for a file of ours"
    for path in PROGRAMS - files.keys():
        yield f"{path}: missing"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        version = subprocess.run([pathlib.Path(folder, "usr/bin/confide"), "--version"], capture_output=True, text=True)
        field = subprocess.run(["dpkg-deb", "--field", package, "Version"], check=True, capture_output=True, text=True)
        if version.returncode != 0 or field.stdout.strip() not in version.stdout:
            yield f"confide --version says {version.stdout + version.stderr!r}, the package {field.stdout.strip()!r}"


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(["cpack", "--config", build / "CPackConfig.cmake", "-B", folder], capture_output=True, text=True)
        if made.returncode != 0:
            print(made.stdout + made.stderr)
            return 1
        packages = list(pathlib.Path(folder).glob("*.deb"))
        if len(packages) != 1:
            print(f"package: {len(packages)} packages were made")
            return 1
        problems = list(problems_of(packages[0]))
    print("\n".join(problems) if problems else "package: as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

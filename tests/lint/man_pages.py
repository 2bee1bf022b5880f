#!/usr/bin/env python3
"""Every page of the manual becomes roff, and groff has nothing to say about it. Exit status 77 where there is no groff.

  man_pages.py REPOSITORY
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def main(arguments):
    if not shutil.which("groff"):
        print("man_pages: there is no groff (groff-base)")
        return 77
    root = pathlib.Path(arguments[0])
    sources = sorted((root / "docs" / "man").glob("*.md"))
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([sys.executable, root / "scripts" / "build-man", "--into", folder, *sources])
        if made.returncode != 0:
            return 1
        pages = sorted(pathlib.Path(folder).iterdir())
        failed = len(pages) != len(sources)
        for page in pages:
            groff = subprocess.run(["groff", "-man", "-t", "-ww", "-Tutf8", "-P-c", page], capture_output=True, text=True)
            if groff.returncode != 0 or groff.stderr or len(groff.stdout.splitlines()) < 10:
                print(f"{page.name}: {groff.stderr or 'almost nothing was printed'}")
                failed = True
    print(f"man_pages: {len(pages)} pages{', not all of them right' if failed else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

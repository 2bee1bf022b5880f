#!/usr/bin/env python3
"""The manual and the program say the same: every verb has a page, every option of its --help stands in the page's
OPTIONS and the other way round, and confide-run(1) names every event of --status-fd.

  check_man_options.py CONFIDE REPOSITORY
  check_man_options.py --self-test
"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import cli_help  # noqa: E402

TERM = re.compile(r"^\*\*(-[^*]*)\*\*(.*)$")
EVENT = re.compile(r'\{"event", "([a-z-]+)"\}')


def section_of(page, heading):
    found = re.search(rf"^# {heading}$(.*?)(?=^# |\Z)", page, re.M | re.S)
    return found[1] if found else ""


def terms_of(section):
    """{option: its argument, or ""} of the terms in a section: lines before one that begins with a colon."""
    lines = section.splitlines()
    found = {}
    for at, line in enumerate(lines):
        follows = next((after for after in lines[at + 1:] if not TERM.match(after)), "")
        if not TERM.match(line) or not follows.startswith(":   "):
            continue
        for part in line.split(", "):
            term = TERM.match(part)
            if term and term[1].startswith("--"):
                found[term[1]] = term[2].strip(" *")
    return found


def compare(name, shown, page):
    """`shown` by --help, against the page's OPTIONS."""
    described = terms_of(section_of(page, "OPTIONS"))
    for option in sorted(shown.keys() - described.keys()):
        yield f"{name}: {option} is in --help and not in the page's OPTIONS"
    for option in sorted(described.keys() - shown.keys()):
        yield f"{name}: {option} is in the page's OPTIONS and not in --help"
    for option in sorted(shown.keys() & described.keys()):
        if bool(shown[option]) != bool(described[option]):
            yield f"{name}: {option} takes {shown[option] or 'nothing'} by --help, {described[option] or 'nothing'} by the page"
    if not page.startswith("# NAME\n"):
        yield f"{name}: does not begin with NAME"


def problems(program, root):
    manual = root / "docs" / "man"
    verbs = cli_help.verbs(program)
    overview = (manual / "confide.1.md").read_text()
    for verb, about in verbs.items():
        name = f"confide-{verb}.1.md"
        file = manual / name
        if not file.exists():
            yield f"{name}: there is no page of this verb"
            continue
        yield from compare(name, cli_help.options(program, verb), file.read_text())
        if f"**confide-{verb}**(1)" not in overview:
            yield f"confide.1.md: does not name confide-{verb}(1)"
    for file in manual.glob("confide-*.1.md"):
        if file.name.removeprefix("confide-").removesuffix(".1.md") not in verbs:
            yield f"{file.name}: no such verb ({', '.join(verbs)})"
    page = section_of((manual / "confide-run.1.md").read_text(), "STATUS")
    said = set(EVENT.findall((root / "cli" / "status.cc").read_text()))
    described = {event for line in re.findall(r"^\*\*.*$", page, re.M) for event in re.findall(r"\*\*([a-z-]+)\*\*", line)}
    if not said:
        yield "cli/status.cc: no event is found; has its form changed?"
    for event in sorted(said ^ described):
        yield f"confide-run.1.md: the event {event} is {'not described' if event in said else 'not one of cli/status.cc'}"


def self_test():
    page = "# NAME\n\nx - y\n\n# OPTIONS\n\n**--read** *PATH*\n:   see **--write**.\n\n**-h**, **--help**\n:   this.\n\n# END\n"
    listed = "Usage: x\n\nOptions:\n  -h,--help    this\n  --read PATH  see --write\n"
    cases = [
        (cli_help.options_in(listed), page, 0),
        (cli_help.options_in("usage: x -- STRING\n\nNot --an option.\n"), page.replace("**--read** *PATH*\n:   see **--write**.\n", ""), 0),
        ({"--help": "", "--read": "PATH", "--json": ""}, page, 1),
        ({"--help": ""}, page, 1),
        ({"--help": "", "--read": ""}, page, 1),
        (cli_help.options_in("usage: x [--read]\n"), "OPTIONS\n", 3),
    ]
    failed = [f"{shown}: {list(compare('page', shown, text))}" for shown, text, count in cases
              if len(list(compare("page", shown, text))) != count]
    print("\n".join(failed) if failed else "man_options: as it should be")
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    program, root = arguments
    found = list(problems(program, pathlib.Path(root)))
    print("\n".join(found) if found else "man_options: the manual agrees with the program")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

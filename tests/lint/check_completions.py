#!/usr/bin/env python3
"""Asks a shell what it would complete, and compares with what `confide` itself says of its verbs and options.

  check_completions.py bash|zsh|fish CONFIDE REPOSITORY

Exit status 77 where the shell is not there.
"""
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import cli_help  # noqa: E402

FILES = {"bash": "confide.bash", "zsh": "_confide", "fish": "confide.fish"}
SYNTAX = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}

# Prints what the words complete to, the last of them being the one that is typed.
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_confide
printf '%s\n' "${COMPREPLY[@]}"
"""
# The completion system works in an interactive shell only: its functions are replaced by ones that say what they are told.
ZSH = r"""
_describe() { print -rl -- ${(P)2} }
_arguments() { print -rl -- "$@" }
file=$1; shift
words=("$@") CURRENT=$#
source $file
"""
FISH = r"""
source $argv[1]
complete -C (string join ' ' -- $argv[2..]) | string replace -r '\t.*' ''
"""
ASK = {"bash": ["--norc", "--noprofile", "-c", BASH, "bash"], "zsh": ["-f", "-c", ZSH, "zsh"],
       "fish": ["--no-config", "-c", FISH]}


def ask(shell, file, *words):
    done = subprocess.run([shell, *ASK[shell], file, *words], capture_output=True, text=True, timeout=60)
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"{shell}, asked for {' '.join(words)}: {done.stderr or done.returncode}")
    return done.stdout.splitlines()


def verbs_of(shell, file):
    lines = ask(shell, file, "confide", "")
    return {line.partition(":")[0] for line in lines if not line.startswith("-")}


def options_of(shell, file, verb):
    # zsh's specifications: '--read=[…]…', '*--read=[…]…', '(- *)--help[…]'.
    found = (re.match(r"(?:\([^)]*\)|\*)?(--[a-z][a-z-]*)", line) for line in ask(shell, file, "confide", verb, "--"))
    return {match[1] for match in found if match}


def values_of(shell, file, option):
    if shell == "zsh":
        spec = next(line for line in ask(shell, file, "confide", "run", "--") if line.startswith(f"{option}="))
        return set(re.search(r"\(([^)]*)\)$", spec)[1].split())
    return set(ask(shell, file, "confide", "run", option, ""))


def differences(what, shown, true):
    yield from (f"{what}: {word} is not completed" for word in sorted(true - shown))
    yield from (f"{what}: {word} is completed and does not exist" for word in sorted(shown - true))


def problems(shell, program, root):
    file = root / "packaging" / "completions" / FILES[shell]
    syntax = subprocess.run([shell, *SYNTAX[shell], file], capture_output=True, text=True)
    if syntax.returncode != 0:
        yield syntax.stderr.strip()
        return
    verbs = set(cli_help.verbs(program))
    yield from differences("confide", verbs_of(shell, file), verbs | {"help"})
    run = {}
    for verb in sorted(verbs):
        options = cli_help.options(program, verb)
        yield from differences(f"confide {verb}", options_of(shell, file, verb), set(options))
        if verb == "run":
            run = options
    yield from differences("--network", values_of(shell, file, "--network"), set(run["--network"].split("|")))
    presets = [path.read_text() for path in (root / "policy" / "presets").glob("*.toml")]
    profiles = {name for text in presets for name in re.findall(r"^\[profile\.([\w-]+)\]$", text, re.M)}
    yield from differences("--profile", values_of(shell, file, "--profile"), profiles)


def main(arguments):
    shell, program, root = arguments
    if not shutil.which(shell):
        print(f"completions: there is no {shell}")
        return 77
    found = list(problems(shell, program, pathlib.Path(root)))
    print("\n".join(found) if found else f"completions: {shell} knows what the program knows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What `confide` itself says of its verbs and options: the list that its manual and its completions must agree with."""
import re
import subprocess

# "  --read PATH       show a path": an option at the beginning of its line, and what it takes.
LISTED = re.compile(r"^  (?:-\w,)?(--[a-z][a-z-]*)(?: (\S+))?", re.M)
NAMED = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def run(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True, timeout=30).stdout


def verbs(program):
    """The verbs that `confide --help` lists, each with the sentence about it."""
    listing = run(program, "--help").partition("\n\n")[2].partition("\n\n")[0]
    return dict(re.fullmatch(r"  (\S+) +(.+)", line).groups() for line in listing.splitlines())


def options_in(text):
    """{option: what it takes, or ""} from a verb's --help: a list of options, else the usage lines at its beginning."""
    listed = {option: takes or "" for option, takes in LISTED.findall(text)}
    usage = text.partition("\n\n")[0]
    found = listed or {option: "" for option in NAMED.findall(usage)}
    found["--help"] = ""
    return found


def options(program, verb):
    return options_in(run(program, verb, "--help"))

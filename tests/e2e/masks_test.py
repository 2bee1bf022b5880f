#!/usr/bin/env python3
"""Masked files, end to end: what is masked, what stays, what changes during a run, and that nothing stays behind.

    masks_test.py [CASE...]

The program under test is $CONFIDE, else confide in $CONFIDE_BIN_DIR. Each case works in a project of its own below the
current folder. Exit status: 0 all passed, 1 something failed.
"""

import contextlib
import ctypes
import inspect
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import traceback

CONFIDE = os.path.abspath(os.environ.get("CONFIDE") or os.path.join(os.environ["CONFIDE_BIN_DIR"], "confide"))
PATIENCE = 20  # seconds, for what is expected to happen; nothing is waited for that must not happen
PR_SET_CHILD_SUBREAPER = 36


class Project:
    """A repository with a secret in .env, a cache of its own, and a policy file beside it."""

    def __init__(self, folder):
        self.base = os.path.realpath(folder)
        self.root = os.path.join(self.base, "project")
        self.cache = os.path.join(self.base, "cache")
        self.canary = f"CANARY-{secrets.token_hex(16)}"
        os.makedirs(self.root)
        os.mkdir(self.cache, 0o700)
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.environ["HOME"], "LC_ALL": "C.UTF-8",
            "XDG_CACHE_HOME": self.cache, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        self.git("init", "-q", "-b", "main")

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text=None, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"KEY={self.canary}\n" if text is None else text)
        os.chmod(path, mode)
        return path

    def replace(self, name):
        """Atomically, as editors and git do; returns what stands there now."""
        fresh = f"CANARY-{secrets.token_hex(16)}"
        os.rename(self.write("fresh.tmp", f"KEY={fresh}\n"), self.path(name))
        return fresh

    def git(self, *words):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=self.root, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def policy(self, mask):
        path = os.path.join(self.base, "policy.toml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f'version = 1\n\n[profile.masked]\nextends = "tool"\nmask = {{ {mask} }}\n')
        return ["--policy", path, "--profile", "masked"]

    def command(self, words, options=(), verb="run"):
        return [CONFIDE, verb, *options, "--", *words]

    def run(self, words, options=(), verb="run", cwd=None):
        return subprocess.run(self.command(words, options, verb), cwd=cwd or self.root, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def read(self, name, options=()):
        """What `cat` inside says of a file."""
        done = self.run(["cat", name], options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def indexes(self):
        folder = os.path.join(self.cache, "confide", "masks")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        # A renewal that was killed between two system calls leaves a whole file, which the next one takes away.
        return [os.path.join(folder, name) for name in names if not name.endswith(".new")]

    def age_index(self, seconds):
        [index] = self.indexes()
        then = time.time() - seconds
        os.utime(index, (then, then))
        return index


class Session:
    """A command that stays inside and reads files when told to."""

    SCRIPT = 'echo ready; while read -r name; do cat -- "$name" 2>&1; echo "end of $name"; done'

    def __init__(self, project, options=()):
        reader, writer = os.pipe()
        with os.fdopen(writer, "w"):
            self.process = subprocess.Popen(
                project.command(["sh", "-c", self.SCRIPT], ["--status-fd", str(writer), *options]), cwd=project.root,
                env=project.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                pass_fds=[writer])
        self.status = os.fdopen(reader, encoding="utf-8")
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"the sandbox did not start: {line!r} {self.process.stderr.read()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr, self.status):
            with contextlib.suppress(OSError):  # what was not read any more
                stream.close()

    def read(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        said = ""
        for line in self.process.stdout:
            if line == f"end of {name}\n":
                return said
            said += line
        raise AssertionError(f"the run ended: {self.process.stderr.read()}")

    def ended(self):
        """Exit status, standard error and the status lines, once it has ended by itself."""
        code = self.process.wait(PATIENCE)
        return code, self.process.stderr.read(), self.status.read()

    def finish(self):
        """The same, ended as its command would."""
        self.process.stdin.close()
        return self.ended()


class MovedSession(Session):
    """The same, in a project whose folder above it was renamed inside."""

    SCRIPT = 'above=$(dirname "$PWD"); mv "$above" "$above.away" && cd "$above.away/project" && { ' + Session.SCRIPT + "; }"


def until(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.005)


def same(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def children():
    """Processes below this one, which is the reaper of whatever its descendants leave behind."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as text:
        return text.read().split()


# ---- what is masked


def untracked_env_is_empty_inside(project):
    project.write(".env")
    same(subprocess.run(["cat", ".env"], cwd=project.root, capture_output=True, text=True).stdout, f"KEY={project.canary}\n")
    same(project.read(".env"), "")
    inside = project.run(["stat", "-c", "%F %s", ".env"])
    same(inside.stdout, "regular empty file 0\n")


def examples_and_tracked_files_stay(project):
    kept = [".env.example", ".env.sample", ".env.template", ".env.development", "env", "src/.env"]
    for name in [*kept, ".env.local", ".envrc"]:
        project.write(name)
    project.git("add", ".env.development")
    for name in kept:
        same(project.read(name), f"KEY={project.canary}\n")
    for name in (".env.local", ".envrc"):
        same(project.read(name), "")


def tracked_is_what_git_of_each_kind_says(project):
    for number, setup in enumerate((["init", "-q"], ["init", "-q", "--object-format=sha256"])):
        for version in ("2", "3", "4"):
            shutil.rmtree(project.path(".git"))
            project.git(*setup)
            project.write(".env.tracked")
            project.write(f".env.{number}")
            project.git("add", ".env.tracked")
            project.git("update-index", "--index-version", version)
            same(project.read(".env.tracked"), f"KEY={project.canary}\n")
            same(project.read(f".env.{number}"), "")


def a_worktree_has_its_own_index(project):
    project.write(".env.shared")
    project.git("add", ".env.shared")
    project.git("commit", "-q", "-m", "x")
    project.git("worktree", "add", "-q", "../tree")
    project.root = os.path.join(project.base, "tree")
    project.write(".env")
    same(project.read(".env.shared"), f"KEY={project.canary}\n")
    same(project.read(".env"), "")


def a_link_masks_what_it_leads_to(project):
    project.write("config/real.env")
    os.symlink("config/real.env", project.path(".env"))
    same(project.read(".env"), "")
    same(project.read("config/real.env"), "")


def folders_fifos_and_odd_names(project):
    os.mkdir(project.path(".env.d"))
    project.write(".env.d/python")
    os.mkfifo(project.path(".env.fifo"))
    odd = [".env with space", ".env\nnewline", ".env'quote", ".env-é"]
    for name in odd:
        project.write(name)
    for name in odd:
        same(project.read(name), "")
    same(project.read(".env.d/python"), f"KEY={project.canary}\n")


def a_mask_cannot_be_taken_away_from_inside(project):
    project.write(".env")
    refused = (("mv .env away", "Device or resource busy"), ("rm -f .env", "Device or resource busy"),
               ("echo x > new; mv -f new .env", "Device or resource busy"), ("ln .env second", "Invalid cross-device link"),
               ("echo x > .env", "Read-only file system"), ("echo x >> .env", "Permission denied"),
               ("umount .env", "must be superuser"))
    for attempt, reason in refused:
        done = project.run(["sh", "-c", f"({attempt}); cat .env"])
        assert reason in done.stderr, f"{attempt}: {done.stderr!r}"
        same(done.stdout, "")
    same(open(project.path(".env"), encoding="utf-8").read(), f"KEY={project.canary}\n")


def outside_of_a_project_the_working_directory_counts(project):
    folder = os.path.join(project.base, "plain")
    os.mkdir(folder)
    shutil.copy(project.write(".env"), folder)
    done = project.run(["sh", "-c", "ls -A; cat .env"], cwd=folder)
    same((done.stdout, done.stderr), (".env\n", ""))


def explain_lists_masks_and_their_origin(project):
    project.write(".env")
    project.write("secrets/a.pem")
    told = project.run(["true"], verb="explain").stdout
    assert any(line.split()[1:3] == ["mask", project.path(".env")] and line.endswith("profile tool (built in)")
               for line in told.splitlines()), told
    told = project.run(["true"], project.policy('globs = ["secrets/**/*.pem"]'), verb="explain").stdout
    assert any(line.split()[1:3] == ["mask", project.path("secrets/a.pem")] and "policy.toml:5" in line
               for line in told.splitlines()), told


def exceptions_and_switched_off(project):
    project.write(".env.test")
    project.write(".env")
    options = project.policy('exceptions = [".env.test"]')
    same(project.read(".env.test", options), f"KEY={project.canary}\n")
    same(project.read(".env", options), "")
    same(project.read(".env", project.policy("untracked-env-files = false")), f"KEY={project.canary}\n")


def without_namespaces_it_is_said(project):
    project.write(".env")
    script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    bare = ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", script, "sh"]
    run = lambda options: subprocess.run([*bare, *project.command(["cat", ".env"], options)], cwd=project.root,
                                         env=project.environment, capture_output=True, text=True, timeout=60)
    done = run([])
    same(done.stdout, f"KEY={project.canary}\n")
    assert f"readable, because masks need a mount namespace: {project.path('.env')}" in done.stderr, done.stderr
    done = run(project.policy('on-change = "end-run"'))
    same((done.returncode, done.stdout), (125, ""))
    assert "policy.toml:5" in done.stderr and "needs a mount namespace" in done.stderr, done.stderr


# A namespace in which no other can be made is an ordinary user's to make.
without_namespaces_it_is_said.as_user_only = True


# ---- patterns and their index


GLOBS = 'globs = ["secrets/**/*.pem"]'


def patterns_mask_below_the_root(project):
    options = project.policy(GLOBS)
    for name in ("secrets/a.pem", "secrets/x/y/b.pem", "secrets/readme", "secrets/c.pem.example"):
        project.write(name)
    same(project.read("secrets/a.pem"), f"KEY={project.canary}\n")  # without the pattern
    for name in ("secrets/a.pem", "secrets/x/y/b.pem"):
        same(project.read(name, options), "")
    for name in ("secrets/readme", "secrets/c.pem.example"):
        same(project.read(name, options), f"KEY={project.canary}\n")


def the_index_is_private_and_renewed_while_a_command_runs(project):
    options = project.policy(GLOBS)
    project.write("secrets/a.pem")
    same(project.read("secrets/a.pem", options), "")
    [index] = project.indexes()
    same(oct(os.stat(index).st_mode & 0o7777), "0o600")
    same(oct(os.stat(os.path.dirname(index)).st_mode & 0o7777), "0o700")
    same(os.stat(index).st_uid, os.geteuid())
    project.write("secrets/deep/new.pem")  # not in the index, whose age is no reason to look again before the launch
    project.age_index(600)
    before = os.stat(index).st_ino
    with Session(project, options) as session:
        until(lambda: os.stat(index).st_ino != before, "the index is renewed in the background")
        same(session.finish()[0], 0)
    same(project.read("secrets/deep/new.pem", options), "")
    same(project.indexes(), [index])


def with_a_newer_file(project, seconds):
    """The policy of a project whose index is so old and does not know of secrets/new.pem."""
    options = project.policy(GLOBS)
    project.write("secrets/a.pem")
    same(project.read("secrets/a.pem", options), "")
    project.write("secrets/new.pem")
    project.age_index(seconds)
    return options


def short_commands_renew_the_index_too(project):
    options = with_a_newer_file(project, 600)
    same(project.run(["true"], options).returncode, 0)
    same(project.read("secrets/new.pem", options), "")


def an_old_index_is_not_used(project):
    options = with_a_newer_file(project, 3700)
    same(project.read("secrets/new.pem", options), "")


def a_tampered_index_crashes_nothing(project):
    options = project.policy(GLOBS)
    project.write("secrets/a.pem")
    project.read("secrets/a.pem", options)
    [index] = project.indexes()
    good = open(index, "rb").read()
    for bad in (b"", good[:20], good[:-1], os.urandom(4096), good + b"../../etc/passwd\0" + b"src/main.c\0" + b"x" * 100000):
        with open(index, "wb") as out:
            out.write(bad)
        same(project.run(["true"], options).returncode, 0)
    os.unlink(index)
    os.symlink("/etc/passwd", index)
    same(project.read("secrets/a.pem", options), "")
    same(os.path.islink(index), False)  # replaced, not followed
    os.chmod(os.path.dirname(index), 0o777)
    same(project.read("secrets/a.pem", options), "")


# ---- what changes during a run


def a_file_renamed_onto_a_mask_is_masked_again(project):
    project.write(".env")
    with Session(project) as session:
        same(session.read(".env"), "")
        for _ in range(5):
            fresh = project.replace(".env")
            same(open(project.path(".env"), encoding="utf-8").read(), f"KEY={fresh}\n")
            until(lambda: session.read(".env") == "", "masked again")
        code, errors, status = session.finish()
        same((code, errors), (0, ""))
        assert status.count(f"masked again: {project.path('.env')}") >= 5, status


def a_name_that_appears_is_masked(project):
    with Session(project) as session:
        assert "No such file" in session.read(".env")
        project.write(".env")
        until(lambda: session.read(".env") == "", "masked on appearance")
        os.unlink(project.path(".env"))
        project.write(".env")
        until(lambda: session.read(".env") == "", "masked again")
        project.write(".env.example")
        same(session.read(".env.example"), f"KEY={project.canary}\n")


def a_file_moved_away_takes_its_mask_along(project):
    project.write(".env")
    with Session(project) as session:
        os.rename(project.path(".env"), project.path("innocent"))
        same(session.read("innocent"), "")


def patterns_are_watched_too(project):
    project.write("secrets/deep/a.pem")
    with Session(project, project.policy(GLOBS)) as session:
        same(session.read("secrets/deep/a.pem"), "")
        project.replace("secrets/deep/a.pem")
        until(lambda: session.read("secrets/deep/a.pem") == "", "masked again")
        project.write("secrets/b.pem")
        until(lambda: session.read("secrets/b.pem") == "", "masked on appearance")


def what_a_checkout_brings_is_not_masked(project):
    project.write("a", "")
    project.git("add", "a")
    project.git("commit", "-q", "-m", "one")
    project.git("checkout", "-q", "-b", "other")
    project.write(".env.ci")
    project.git("add", ".env.ci")
    project.git("commit", "-q", "-m", "two")
    project.git("checkout", "-q", "main")
    with Session(project) as session:
        assert "No such file" in session.read(".env.ci")
        project.git("checkout", "-q", "other")
        same(session.read(".env.ci"), f"KEY={project.canary}\n")
        project.write(".env")  # and the watch goes on
        until(lambda: session.read(".env") == "", "masked on appearance")
        same(session.read(".env.ci"), f"KEY={project.canary}\n")


def a_folder_renamed_above_ends_no_watch(project):
    project.write(".env")
    with MovedSession(project) as session:
        same(session.read(".env"), "")
        project.replace(".env")
        heard = b""

        def told():
            nonlocal heard
            with contextlib.suppress(BlockingIOError):
                heard += os.read(session.status.fileno(), 1 << 16)
            return f"{project.path('.env')} appeared or was replaced during the run, and could not be masked again".encode() in heard

        os.set_blocking(session.status.fileno(), False)
        until(told, "said to be readable")
    with MovedSession(project, project.policy('on-change = "end-run"')) as session:
        same(session.read(".env"), "")
        project.replace(".env")
        code, errors, _ = session.ended()
        same(code, 123)
        assert "end-run" in errors, errors


def end_run_ends_the_run(project):
    options = project.policy('on-change = "end-run"')
    project.write(".env")
    project.write("plain")
    for change in (lambda: project.replace(".env"), lambda: project.write(".env.new")):
        with Session(project, options) as session:
            project.replace("plain")
            same(session.read(".env"), "")
            change()
            code, errors, status = session.ended()
        same(code, 123)
        assert "masked and appeared or was replaced" in errors and project.root in errors, errors
        assert '"failed"' in status, status


def a_run_with_secrets_is_watched_too(project):
    project.write(".env")
    token = os.path.join(project.base, "token")
    with open(token, "w", encoding="utf-8") as out:
        out.write("CANARY-token")
    with Session(project, ["--secret", f"TOKEN=file://{token}"]) as session:
        same(session.read(".env"), "")
        project.replace(".env")
        until(lambda: session.read(".env") == "", "masked again")


# ---- nothing stays behind


def nothing_is_left_behind(project):
    options = project.policy(GLOBS)
    project.write(".env")
    for number in range(300):
        project.write(f"secrets/{number}/a.pem")
    tree = lambda: sorted(os.path.join(folder, name) for folder, _, names in os.walk(project.root) for name in names)
    before = tree()
    project.run(["true"], options)
    for _ in range(10):
        project.age_index(600)
        same(project.run(["true"], options).returncode, 0)  # over before the walk in the background is
        same(children(), [])
    same(tree(), before)
    same(len(project.indexes()), 1)


def a_killed_supervisor_takes_its_helpers_along(project):
    options = project.policy(GLOBS)
    project.write(".env")
    for number in range(300):
        project.write(f"secrets/{number}/a.pem")
    project.run(["true"], options)
    for _ in range(5):
        project.age_index(600)
        with Session(project, options) as session:
            project.replace(".env")
            session.process.send_signal(signal.SIGKILL)
            session.process.wait(PATIENCE)
            until(no_child_is_left, "its children are gone")


def no_child_is_left():
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False


CASES = [case for name, case in list(globals().items())
         if inspect.isfunction(case) and list(inspect.signature(case).parameters) == ["project"]]


def main(names):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    unknown = set(names) - {case.__name__ for case in CASES}
    if unknown:
        raise SystemExit(f"no such case: {', '.join(sorted(unknown))}")
    chosen = [case for case in CASES if not names or case.__name__ in names]
    if os.geteuid() == 0:
        for case in [case for case in chosen if hasattr(case, "as_user_only")]:
            print(f"left to the user's run: {case.__name__}")
            chosen.remove(case)
    failed = 0
    for case in chosen:
        folder = os.path.join(os.getcwd(), case.__name__)
        os.mkdir(folder)
        start = time.monotonic()
        try:
            case(Project(folder))
            until(no_child_is_left, "no process is left")
            print(f"ok      {case.__name__}  ({(time.monotonic() - start) * 1000:.0f} ms)")
        except Exception:  # noqa: BLE001: one case's failure must not hide another's
            failed += 1
            print(f"FAILED  {case.__name__}\n{traceback.format_exc()}")
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    print(f"{len(chosen) - failed} of {len(chosen)} cases passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

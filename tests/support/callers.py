"""Who runs a command: root, or an unprivileged user."""

import dataclasses
import os
import pwd
import subprocess
import sys

# The user that scripts/test made for the run, else one of the suite's own.
TEST_USER = os.environ.get("CONFIDE_TEST_USER") or "confide-attacks"


@dataclasses.dataclass(frozen=True)
class Caller:
    kind: str  # "root" or "user"
    name: str
    uid: int
    gid: int
    home: str

    def environment(self, **more):
        """A login's environment, and nothing of the suite's own."""
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": "/bin/sh",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            **more,
        }

    def identity(self):
        """Arguments of subprocess.Popen that make the child this caller."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path):
        """Gives `path`, and everything beneath it, to the caller."""
        if os.geteuid() != 0:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        if os.path.isdir(path) and not os.path.islink(path):
            for folder, folders, files in os.walk(path):
                for name in folders + files:
                    os.chown(os.path.join(folder, name), self.uid, self.gid, follow_symlinks=False)


def _of(entry, kind):
    return Caller(kind, entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)


def myself():
    kind = "root" if os.geteuid() == 0 else "user"
    return _of(pwd.getpwuid(os.geteuid()), kind)


class UnprivilegedUser:
    """The user of the tests: the one who runs the suite, or, for root, one that is made and taken away again."""

    def __init__(self, name=None):
        self._name = name
        self._made = False

    def __enter__(self):
        if os.geteuid() != 0:
            return myself()
        name = self._name or TEST_USER
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            subprocess.run(["useradd", "--system", "--create-home", "--shell", "/bin/sh", name], check=True)
            self._made = True
            entry = pwd.getpwnam(name)
        if entry.pw_uid == 0 or not os.path.isdir(entry.pw_dir) or os.stat(entry.pw_dir).st_uid != entry.pw_uid:
            raise SystemExit(f"{name} is no unprivileged user with a home of its own")
        return _of(entry, "user")

    def __exit__(self, *_):
        if self._made:
            # Refused while a process of the user's is left: then both stay, and the message says which.
            done = subprocess.run(["userdel", "--remove", self._name or TEST_USER], check=False, capture_output=True, text=True)
            if done.returncode != 0:
                print(done.stderr.strip(), file=sys.stderr)

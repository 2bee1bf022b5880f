"""Where a command runs."""

import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Confide:
    program: str
    profile: str
    policy: str = ""  # a file that makes the profile
    callers: tuple = ("root", "user")
    without: tuple = ()  # a command in front that takes something away from confide itself
    judged = True

    @property
    def name(self):
        return self.profile

    def wrap(self, command, scene, options=()):
        policy = ["--policy", self.policy] if self.policy else []
        without = [scene.probe if word == "PROBE" else word for word in self.without]
        return [*without, self.program, "run", *policy, "--profile", self.profile, *options, "--", *command]


# A user namespace that allows none below it, without its capabilities: confide inside finds itself refused.
_WITHOUT_NAMESPACES = (
    "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
    'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"', "sh")


def rungs(program, policy):
    """Profile tool on the lower rungs of its ladder; `policy` is a file that names the profiles."""
    return [Confide(program, "host-proc", policy),
            Confide(program, "fallback", policy, ("user",), _WITHOUT_NAMESPACES),
            Confide(program, "filtered", policy, ("user",), ("PROBE", "without-userns"))]


@dataclasses.dataclass(frozen=True)
class Bubblewrap:
    """A stand-in that shows the mechanics of the suite, and what an ordinary sandbox leaves open. Never judged."""

    program: str = "bwrap"
    name = "bwrap"
    judged = False

    def wrap(self, command, scene, options=()):
        project = scene.project
        return [self.program, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev",
                "/dev", "--tmpfs", "/tmp", "--bind", project, project, "--", *command]


class Outside:
    """No sandbox. `around` names what an attack needs to be shown without harm to the host."""

    name = "outside"
    _PRIVATE = ["unshare", "--mount", "--propagation", "private"]

    def wrap(self, command, scene, around="plain", as_root=False):
        if around == "plain":
            return command
        if around == "private-mounts":
            return [*self._PRIVATE, *command]
        if around == "private-system":  # a second, read-only view of a folder, to be made writable again
            script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
            return [*self._PRIVATE, "sh", "-c", script, "sh", scene.mount_point, *command]
        if around == "masked":
            script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
            return [*self._PRIVATE, "sh", "-c", script, "sh", scene.empty_file, scene.masked_file, *command]
        # A shell that is pid 1 and not the probe: it has our environment, and reaps nothing but the probe.
        if around == "private-pids":
            inner = ["unshare", "--pid", "--fork", "--mount-proc"]
            script = '"$@"; exit $?'
            return [*inner, *([] if as_root else ["--map-current-user", "--user"]), "sh", "-c", script, "sh", *command]
        if around == "as-pid-1":
            inner = ["unshare", "--pid", "--fork", "--mount-proc"]
            return [*inner, *([] if as_root else ["--map-current-user", "--user"]), *command]
        raise ValueError(around)


def find(program):
    """The absolute path of a built program; SystemExit where there is none."""
    path = os.path.abspath(program)
    if not os.access(path, os.X_OK):
        raise SystemExit(f"{program}: no such program")
    return path

"""Attacks on other processes: /proc, the ptrace family, signals, limits, and processes that try to stay."""

import contextlib
import os
import time

from attacks_model import Attack, Open, either, refused, words

# Same uid, no pid namespace: neither Landlock nor the filter has a rule for these.
IN_VIEW = Open("without a pid namespace, processes of the uid are in view")
SHOWN = {"host-proc": Open("the power HostProc shows it"), "fallback": IN_VIEW}
GONE = refused("ENOENT")  # no such pid in the sandbox's own procfs
NO_PROCESS = refused("ESRCH")
# Refused by the filter before the pid is looked at.
FILTERED = refused("EPERM|ENOSYS")


def _pid(scene):
    return [scene.pid]


def _with(*fields):
    return lambda scene: [scene.pid, *(str(scene.victim[field]) for field in fields)]


def _proc():
    for name in ("environ", "task-environ", "maps", "smaps", "auxv", "syscall", "io", "personality", "pagemap", "fd-list",
                 "map-files", "mountinfo", "cmdline", "exe"):
        finds_needle = name in ("environ", "task-environ")
        # What the kernel lets everyone see who sees the pid.
        open_to_all = SHOWN if name in ("cmdline", "mountinfo") else {"host-proc/user": Open("numbers only"), "fallback": IN_VIEW} \
            if name == "fd-list" else {}
        yield Attack(f"proc-{name}", _pid, GONE, needle=finds_needle, by=open_to_all)
    # The kernel's own view of a process, and what is open to nobody but the machine's root.
    yield Attack("proc-stack", _pid, GONE, shown_by="root", needle=False)
    yield Attack("proc-mem:heap", _with("heap"), GONE)
    yield Attack("proc-mem:static", _with("held"), GONE)
    yield Attack("proc-mem-write", _with("scratch"), GONE)
    yield Attack("proc-fd:memfd", _with("memfd"), GONE)
    yield Attack("proc-fdinfo", _with("memfd"), GONE, needle=False)
    yield Attack("proc-root", lambda scene: [scene.pid, scene.secret_file.lstrip("/")], GONE)
    yield Attack("proc-cwd", lambda scene: [scene.pid, "../secret.txt"], GONE)
    yield Attack("proc-net", _pid, GONE, needle=False, by=SHOWN)
    yield Attack("proc-clear-refs", _pid, GONE, needle=False)
    yield Attack("proc-oom-score", _pid, GONE, needle=False)
    yield Attack("proc-exe-overwrite", _pid, GONE, needle=False)
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
        yield Attack(f"proc-ns:{kind}", lambda scene, kind=kind: [scene.pid, kind], GONE, needle=False)
    yield Attack("proc-foreign", lambda scene: [scene.comm], refused("OTHER"), needle=False, by=SHOWN)
    yield Attack("proc-scan", words(), refused("OTHER"))
    # Pid 1 inside is confide's: not dumpable, its copy of the environment wiped.
    not_ours = refused("EACCES|EMPTY|EPERM")
    yield Attack("proc-one-environ", words(), not_ours, around="private-pids", needle=False)
    yield Attack("proc-one-maps", words(), not_ours, around="private-pids", needle=False)
    yield Attack("proc-exe-overwrite:one", words(1), refused("EACCES|EROFS|ENOENT|EPERM"), shown_by="root",
                 around="private-pids", needle=False)
    yield Attack("read-by-one-root", lambda scene: [scene.secret_file], refused("EACCES|EPERM|ENOENT"), around="private-pids")


def _kernel_files():
    hidden = refused("ENOENT|EACCES|EPERM|EMPTY")
    yield Attack("proc-kcore", words(), hidden, shown_by="root", needle=False, may_lack="a kernel without CONFIG_PROC_KCORE")
    yield Attack("proc-kmsg", words(), hidden, shown_by="root", needle=False, may_lack="no /proc/kmsg")
    yield Attack("proc-kallsyms", words(), hidden, shown_by="root", needle=False, may_lack="kernel.kptr_restrict=2")
    yield Attack("proc-timer-list", words(), hidden, shown_by="root", needle=False, may_lack="no /proc/timer_list")


def _ptrace():
    yield Attack("ptrace-attach", _pid, FILTERED, needle=False)
    yield Attack("ptrace-seize", _pid, FILTERED, needle=False)
    yield Attack("ptrace-peek", _with("heap"), FILTERED)
    yield Attack("ptrace-own-child", words(), FILTERED, needle=False)
    yield Attack("ptrace-seize:one", words(1), FILTERED, around="private-pids", needle=False)
    yield Attack("vm-readv:heap", _with("heap"), FILTERED)
    yield Attack("vm-readv:static", _with("held"), FILTERED)
    yield Attack("vm-readv-self", words(), FILTERED, needle=False)
    yield Attack("vm-writev", _with("scratch"), FILTERED, needle=False)
    yield Attack("pidfd-open", _pid, refused("ESRCH|ENOSYS|EPERM"), needle=False, by={"fallback": IN_VIEW})
    yield Attack("pidfd-getfd:memfd", _with("memfd"), refused("ESRCH|ENOSYS|EPERM"))
    yield Attack("pidfd-getfd:pipe", _with("pipe"), refused("ESRCH|ENOSYS|EPERM"), needle=False)
    yield Attack("pidfd-getfd:memfd-secret", _with("secret_fd"), refused("ESRCH|ENOSYS|EPERM"), needle=False,
                 needs=lambda scene: scene.victim["secret_fd"] >= 0)
    yield Attack("pidfd-getfd-self", words(), FILTERED, needle=False)
    yield Attack("kcmp", _pid, FILTERED, needle=False)
    yield Attack("kcmp-self", words(), FILTERED, needle=False)
    out_of_view = refused("ESRCH|EPERM|ENOSYS")
    yield Attack("process-madvise", _with("held"), out_of_view, needle=False, shown_by="root")
    yield Attack("get-robust-list", _pid, out_of_view, needle=False)
    yield Attack("move-pages", _with("held"), out_of_view, needle=False, may_lack="a kernel without NUMA")
    yield Attack("perf-event-other", _pid, out_of_view, needle=False, shown_by="root")


def _signals():
    for name in ("kill", "kill-group", "tgkill", "tkill", "pidfd-send-signal", "sigqueue"):
        yield Attack(name, _pid, NO_PROCESS, needle=False)
    yield Attack("kill-everyone", words(), NO_PROCESS, needle=False,
                 by={"fallback": either("ESRCH|EPERM", "the run's own processes may be signalled")})
    yield Attack("setown-signal", _pid, NO_PROCESS, needle=False,
                 by={"fallback": either("ESRCH|EPERM", "decided when the signal is sent, by Landlock's scope")})
    # Pid 1 of the sandbox may be signalled, and ignores what it does not handle; the run must go on.
    for name in ("setpriority", "prlimit", "sched-affinity", "sched-scheduler", "ioprio", "getsid"):
        yield Attack(name, _pid, refused("ESRCH|EPERM|ENOSYS"), needle=False, by={"fallback": IN_VIEW})
    yield Attack("sched-real-time", words(), refused("EPERM|ENOSYS"), shown_by="root", needle=False,
                 may_lack="no real-time share in this cgroup, or root without CAP_SYS_NICE")


def _still_there(scene, given, verdict):
    """Did the process outlive the run? It carries the marker's path as an argument, and makes the file if it lives."""
    marker = given[0].encode()
    time.sleep(0.7)
    if os.path.exists(given[0]):
        return True
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as line:
            if marker in line.read():
                return True
    return False


def _left_behind():
    marker = lambda scene: [scene.new_marker(), "400"]
    yield Attack("orphan", marker, refused("UNSEEN"), needle=False, observe=_still_there)
    yield Attack("daemon", marker, refused("UNSEEN"), needle=False, observe=_still_there)
    in_view = either("EMPTY", "the host's zombies are in view")
    yield Attack("zombies", words(20), refused("EMPTY"), around="as-pid-1", needle=False,
                 by={"host-proc": in_view, "fallback": in_view})


def _resources():
    yield Attack("fork-many", words(300), refused("EAGAIN"), options=("--pids", "64"), needle=False,
                 may_refuse_launch="no namespace to count in, and no delegated cgroup v2")
    yield Attack("memory-fill", words(512), refused("ENOMEM|SIGKILL|exit:137"), options=("--memory", "128M"), needle=False,
                 may_refuse_launch="no delegated cgroup v2")
    # The private /tmp is memory too.
    yield Attack("folder-fill", words("/tmp", 512), refused("ENOSPC|ENOMEM|SIGKILL|exit:137"), options=("--memory", "128M"),
                 may_refuse_launch="no delegated cgroup v2", needle=False, by={"readonly": refused("ENOSPC|ENOMEM|SIGKILL|exit:137|EROFS|EACCES")})
    yield Attack("memory-lock", words(4096), refused("ENOMEM|EPERM|EAGAIN"), shown_by="root", needle=False)
    yield Attack("outlive-limit", words(5), refused("exit:124"), options=("--timeout", "1s"), needle=False)
    yield Attack("fds-many", words(3000), either("EMFILE", "the limit is the caller's unless policy sets one"), needle=False,
                 may_lack="a low hard limit of descriptors")


def attacks():
    yield from _proc()
    yield from _kernel_files()
    yield from _ptrace()
    yield from _signals()
    yield from _left_behind()
    yield from _resources()

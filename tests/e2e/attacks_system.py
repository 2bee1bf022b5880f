"""Attacks on the kernel's wide interfaces, namespaces, mounts, devices, settings and the machine."""

import glob
import os

from attacks_model import Attack, Nowhere, Open, either, refused, words

# Refused by name, or unknown to the table.
FILTERED = refused("EPERM|ENOSYS")
DENIED = refused("EPERM|EACCES|ENOSYS")
INNER = Open("an agent's inner sandbox makes user namespaces")


def _kernel():
    yield Attack("perf-event", words(), FILTERED, needle=False, shown_by="root")
    yield Attack("bpf-map", words(), FILTERED, needle=False, shown_by="root")
    yield Attack("bpf-program", words(), FILTERED, needle=False, shown_by="root")
    yield Attack("userfaultfd", words(), FILTERED, needle=False)
    yield Attack("userfaultfd-kernel", words(), FILTERED, needle=False, shown_by="root")
    yield Attack("modify-ldt", words(), FILTERED, needle=False, may_lack="a kernel without CONFIG_MODIFY_LDT_SYSCALL")
    yield Attack("fanotify", words(), FILTERED, needle=False, may_lack="a kernel before 5.13 for unprivileged users")
    yield Attack("io-uring-setup", words(), FILTERED, needle=False, may_lack="kernel.io_uring_disabled")
    yield Attack("io-uring-openat", lambda scene: [scene.secret_file], FILTERED, may_lack="kernel.io_uring_disabled")


def _abi():
    killed = refused("SIGSYS")
    yield Attack("i386-getpid", words(), killed, needle=False, may_lack="a kernel without IA32 emulation")
    yield Attack("i386-unknown", words(), killed, needle=False,
                 shown_by=Nowhere("outside it is ENOSYS of the i386 table; i386-getpid shows the same door open"))
    yield Attack("x32-getpid", words(), killed, needle=False,
                 shown_by=Nowhere("kernels are built without x32; the filter's evaluator sweeps every x32 number"))
    yield Attack("unknown-syscall", words(600), refused("ENOSYS"), needle=False,
                 shown_by=Nowhere("no kernel has the number; the filter's evaluator sweeps all of them"))
    yield Attack("personality-no-aslr", words(), Open("weakens nobody but the process itself; sanitizers need it"),
                 needle=False)
    for name in ("personality-exec", "personality-uname26"):
        yield Attack(name, words(), FILTERED, needle=False)


def _namespaces():
    yield Attack("unshare-user", words(), FILTERED, needle=False, by={"agent": INNER})
    for kind in ("mount", "pid", "net", "ipc", "uts", "cgroup", "time"):
        yield Attack(f"unshare-{kind}", words(), FILTERED, needle=False, shown_by="root")
    yield Attack("nested-mount-ns", words(), FILTERED, needle=False, by={"agent": INNER})
    yield Attack("nested-net-ns", words(), FILTERED, needle=False, by={"agent": INNER})
    yield Attack("nested-read", lambda scene: [scene.secret_file], FILTERED, by={"agent": refused("ENOENT")})
    yield Attack("nested-proc", lambda scene: [scene.pid], FILTERED, by={"agent": refused("EPERM|ENOENT")}, shown_by="root")
    yield Attack("clone-newuser", words(), FILTERED, needle=False, by={"agent": INNER})
    yield Attack("clone3-newuser", words(), FILTERED, needle=False,
                 by={"agent": either("ENOSYS", "libc falls back to clone, which the profile allows")})
    for kind in ("user", "mnt", "net", "pid"):
        # A caller's own namespaces: joining another user namespace is root's, and only by other words outside.
        yield Attack(f"setns:{kind}", lambda scene, kind=kind: [scene.pid, kind], refused("ENOENT|EPERM|ENOSYS"),
                     needle=False, shown_by=Nowhere("EINVAL for one's own user namespace; proc-ns:user shows the door")
                     if kind == "user" else "root")
        yield Attack(f"setns-pidfd:{kind}", lambda scene, kind=kind: [scene.pid, kind], refused("ESRCH|EPERM|ENOSYS"),
                     needle=False, shown_by=Nowhere("EINVAL for one's own user namespace; pidfd-open shows the door")
                     if kind == "user" else "root")
    yield Attack("chroot", lambda scene: [scene.project], DENIED, needle=False, shown_by="root")
    yield Attack("pivot-root", words("/"), DENIED, needle=False, shown_by="root", around="private-mounts")


def _mounts():
    here = lambda scene: [scene.mount_point]
    private = {"shown_by": "root", "around": "private-mounts", "needle": False}
    for name in ("mount-tmpfs", "mount-proc", "mount-sysfs", "mount-devpts"):
        yield Attack(name, here, DENIED, **private)
    yield Attack("mount-cgroup", here, DENIED, may_lack="no cgroup v2", **private)
    yield Attack("mount-bind", lambda scene: ["/etc", scene.mount_point], DENIED, **private)
    yield Attack("mount-overlay", lambda scene: ["/etc", scene.mount_point], DENIED, may_lack="no overlayfs", **private)
    read_only = {"shown_by": "root", "around": "private-system", "needle": False}
    system = words("/usr")
    yield Attack("remount-rw", system, DENIED, outside_words=here, **read_only)
    yield Attack("nested-remount-rw", system, DENIED, outside_words=here, **read_only)
    yield Attack("mount-setattr", system, DENIED, outside_words=here, **read_only)
    yield Attack("mount-shared", system, DENIED, outside_words=here, **read_only)
    yield Attack("move-mount", system, DENIED, outside_words=here, **private)
    yield Attack("open-tree", words("/"), DENIED, **private)
    yield Attack("fsopen", words(), DENIED, **private)
    yield Attack("fspick", words("/"), DENIED, **private)
    yield Attack("listmount", words(), Open("tells no more than /proc/self/mountinfo"), may_lack="a kernel before 6.8",
                 **private)


def _devices():
    folder = lambda scene: [scene.private_folder]
    not_made = refused("EPERM|EACCES|EROFS")
    yield Attack("mknod-char", folder, not_made, shown_by="root", needle=False, may_lack="the home is mounted nodev")
    yield Attack("mknod-block", folder, not_made, shown_by="root", needle=False, may_lack="no loop devices")
    gone = refused("ENOENT")
    disk = lambda scene: [scene.block_device()]
    for name, given in (("dev-kmsg", words()), ("dev-kmsg-write", words()), ("dev-mem", words()), ("dev-disk", disk),
                        ("dev-disk-write", disk), ("dev-fuse", words()), ("dev-kvm", words()), ("dev-loop-control", words()),
                        ("dev-userfaultfd", words()), ("dev-net-tun", words()), ("dev-vsock", words()),
                        ("dev-console", words()), ("dev-tty0", words()), ("dev-vcs", words()), ("dev-cpu-latency", words())):
        # A console that the caller's terminal stands for is one of confide's own, if there at all.
        yield Attack(name, given, gone, shown_by="root", needle=False, may_lack="this host has no such device")


def _settings():
    closed = refused("EACCES|EROFS|ENOENT|EPERM|EMPTY")
    root = {"shown_by": "root", "needle": False}
    yield Attack("sysctl-any", words(), refused("EACCES|EMPTY|ENOENT"), **root)
    yield Attack("proc-any-write", words(), refused("EACCES|EMPTY|ENOENT"), may_lack="no interrupt can be moved", **root)
    yield Attack("sysfs-any", words(), refused("ENOENT"), by={"fallback": refused("EACCES|EMPTY"), "bench": refused("ENOENT|EACCES|EMPTY")}, **root)
    for name in ("core-pattern", "modprobe-path", "drop-caches", "sysrq-trigger", "hotplug-path", "binfmt-register",
                 "ns-last-pid"):
        yield Attack(name, words(), closed, may_lack="a kernel without it", **root)
    agent = lambda scene: [_first("/sys/fs/cgroup/*/release_agent")]
    groups = lambda scene: [_first("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/*/cgroup.procs")]
    folder = lambda scene: [_first("/sys/fs/cgroup/cgroup.controllers", "/sys/fs/cgroup/*/cgroup.controllers",
                                   "/sys/fs/cgroup/*/tasks", parent=True)]
    yield Attack("cgroup-release-agent", agent, closed, may_lack="no cgroup v1", **root)
    yield Attack("cgroup-procs", groups, closed, may_lack="no cgroups", **root)
    yield Attack("cgroup-make", folder, closed, may_lack="no cgroups", **root)


def _first(*patterns, parent=False):
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            return os.path.dirname(path) if parent else path
    return "/sys/fs/cgroup/nothing"


def _machine():
    for name in ("clock-settime", "adjtimex", "sethostname", "setdomainname", "reboot", "swapon", "syslog-read", "vhangup"):
        yield Attack(name, words(), FILTERED, shown_by="root", needle=False)
    for name in ("init-module", "finit-module", "delete-module", "kexec-load", "acct", "quotactl", "iopl", "ioperm"):
        yield Attack(name, words(), FILTERED, shown_by="root", needle=False, may_lack="a kernel built without it")


def _privileges():
    visible = lambda scene: scene.visible is not None
    yield Attack("caps-any", words(), refused("EMPTY"), needle=False,
                 by={"fallback": Open("the bounding set: emptying it takes CAP_SETPCAP; no_new_privs makes it idle")})
    yield Attack("caps-capset", words(), refused("EPERM|ENOSYS"), shown_by="root", needle=False)
    yield Attack("caps-ambient", words(), refused("EPERM|ENOSYS"), shown_by="root", needle=False)
    yield Attack("securebits", words(), refused("EPERM|EINVAL|ENOSYS"), shown_by="root", needle=False)
    yield Attack("no-new-privs", words(), refused("EPERM"), needle=False)
    no_identity = refused("EPERM|EINVAL|ENOSYS")
    for name in ("setuid-root", "setgid-root", "setgroups-root"):
        yield Attack(name, words(), no_identity, shown_by="root", needle=False)
    # Root gains nothing by a set-user-id bit of its own: the user shows it, and root inside must hold nothing either.
    gained = refused("OTHER|EPERM")
    yield Attack("suid-exec", lambda scene: [scene.suid_program], gained, callers=("user",), needle=False, needs=visible)
    yield Attack("file-caps-exec", lambda scene: [scene.caps_program], gained, callers=("user",), needle=False,
                 needs=lambda scene: visible(scene) and scene.has_setcap)
    # With a core_pattern that is a pipe: attacks_core.py.
    yield Attack("core-dump", words(), refused("EPERM"), needle=False, may_lack="a core_pattern that leads nowhere")


def attacks():
    yield from _kernel()
    yield from _abi()
    yield from _namespaces()
    yield from _mounts()
    yield from _devices()
    yield from _settings()
    yield from _machine()
    yield from _privileges()

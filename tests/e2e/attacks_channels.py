"""Attacks by way of sockets, IPC objects, keys and terminals: meeting points that no path rule sees."""

import contextlib
import os
import pty

from attacks_model import Attack, Open, either, refused, words

HOST_NETWORK = Open("the agent profile has the host's network")
NO_FAMILY = "EPERM|EACCES|EAFNOSUPPORT|EPROTONOSUPPORT|ENOSYS"


def _sockets():
    unreachable = refused("ECONNREFUSED|ENETUNREACH|EPERM|EACCES|EAFNOSUPPORT")
    yield Attack("tcp:loopback", lambda scene: ["127.0.0.1", scene.tcp_port], unreachable, needle=False,
                 by={"agent": HOST_NETWORK})
    yield Attack("udp:loopback", lambda scene: ["127.0.0.1", scene.udp_port], unreachable, needle=False,
                 by={"agent": HOST_NETWORK})
    yield Attack("bind:privileged", words("127.0.0.1", 1), refused("EACCES|EPERM|EADDRNOTAVAIL|EAFNOSUPPORT"), shown_by="root", needle=False)
    # Another network namespace has other names; with the host's network it is Landlock's scope that refuses.
    yield Attack("unix-abstract", lambda scene: [scene.abstract], refused("ECONNREFUSED|EPERM"), needle=False,
                 by={"agent": refused("EPERM")})
    yield Attack("unix-abstract-dgram", lambda scene: [f"{scene.abstract}-dgram"], refused("ECONNREFUSED|EPERM"),
                 needle=False, by={"agent": refused("EPERM")})
    hidden = refused("ENOENT")
    no_mounts = {"fallback": Open("Landlock sees no unix socket before ABI 9, and nothing else hides it")}
    whole = {"bench": Open("bench shows the whole root, sockets included"), **no_mounts}
    yield Attack("unix-path:home", lambda scene: [scene.home_socket], hidden, by=whole, needle=False)
    yield Attack("unix-path:tmp", lambda scene: [scene.tmp_socket], hidden, by=no_mounts, needle=False)
    yield Attack("unix-path:run", lambda scene: [scene.run_socket], hidden, by=whole, needle=False,
                 needs=lambda scene: scene.run_socket is not None)
    yield Attack("unix-path:system", lambda scene: [scene.visible_socket],
                 Open("a socket in a system folder: Landlock sees none before ABI 9"), needle=False,
                 needs=lambda scene: scene.visible is not None)
    root = {"shown_by": "root", "needle": False}
    yield Attack("packet-socket", words(), refused(NO_FAMILY), may_lack="no packet sockets", **root)
    yield Attack("raw-socket", words(), refused(NO_FAMILY), **root)
    yield Attack("vsock", words(), refused(NO_FAMILY), needle=False, may_lack="no vsock")
    yield Attack("alg-socket", words(), refused(NO_FAMILY), needle=False, may_lack="no AF_ALG")
    yield Attack("netlink-links", words(), refused(f"OTHER|{NO_FAMILY}"), needle=False, by={"agent": HOST_NETWORK},
                 may_lack="no link but the loopback")
    yield Attack("netlink-diag", lambda scene: [scene.tcp_port], refused(f"OTHER|ENOENT|{NO_FAMILY}"), needle=False,
                 by={"agent": either(NO_FAMILY, "the host's network shows its sockets")}, may_lack="no inet_diag")
    yield Attack("netlink-audit", words(), refused(NO_FAMILY), may_lack="no audit", **root)
    yield Attack("netlink-uevent", words(), refused(NO_FAMILY), needle=False)
    yield Attack("netlink-netfilter", words(), refused(NO_FAMILY), may_lack="no netfilter", **root)
    yield Attack("netlink-xfrm", words(), refused(NO_FAMILY), may_lack="no IPsec", **root)


def _ipc():
    key = lambda scene: [scene.sysv_key]
    no_namespace = {"fallback": Open("without an IPC namespace, objects of the uid are in reach")}
    yield Attack("sysv-shm", key, refused("ENOENT|EPERM|ENOSYS"), by=no_namespace)
    yield Attack("sysv-sem", key, refused("ENOENT|EPERM|ENOSYS"), by=no_namespace, needle=False)
    yield Attack("sysv-msg", key, refused("ENOENT|EPERM|ENOSYS"), by=no_namespace, needle=False)
    yield Attack("sysv-list", words(), refused("EMPTY|ENOENT"), by=no_namespace, needle=False)
    yield Attack("posix-shm", lambda scene: [scene.posix_name], refused("ENOENT"))
    yield Attack("posix-sem", lambda scene: [scene.posix_name.lstrip("/")], refused("ENOENT"), needle=False)
    yield Attack("posix-mq", lambda scene: [scene.posix_name], refused("ENOENT|EPERM|ENOSYS"), needle=False)


def _keys():
    """The run is started from a session that holds a key, which its uid may read without possessing it."""
    filtered = refused("EPERM|ENOSYS")
    name = "confide-attacks"
    held = {"prefix": lambda scene: [scene.probe, "with-key", name, "SECRET"],
            "surroundings": lambda scene: contextlib.nullcontext({"env": {"SECRET": scene.canary}})}
    yield Attack("key-session", words(name), filtered, **held)
    yield Attack("key-request", words(name), filtered, **held)
    yield Attack("key-id", words("@KEY"), filtered, **held)
    # The list needs no key call; it names every key that the uid may look at.
    names = Open("a full procfs shows the names of the uid's keys")
    yield Attack("proc-keys", words(name), refused("OTHER|EMPTY|ENOENT|EACCES"), needle=False,
                 by={"host-proc/user": names, "agent/user": names, "fallback": names}, **held)
    yield Attack("key-add", words(), filtered, needle=False)
    yield Attack("key-join-session", words(), filtered, needle=False)
    yield Attack("key-user-ring", words(), filtered, needle=False)
    yield Attack("key-persistent", words(), filtered, needle=False, may_lack="a kernel without persistent keyrings")


def _terminal(kind):
    return lambda scene: contextlib.nullcontext({"terminal": kind})


@contextlib.contextmanager
def _named_terminal(scene):
    """A terminal whose device the attack is told."""
    master, slave = pty.openpty()
    try:
        found = os.fstat(slave)
        device = f"{os.minor(found.st_dev)}:{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
        yield {"terminal": "stdio", "pty": (master, slave), "words": {"TERMINAL": device}}
    finally:
        os.close(master)
        os.close(slave)


def _terminals():
    on_tty = {"surroundings": _terminal("stdio"), "needle": False}
    refused_by_filter = refused("EPERM")
    yield Attack("tiocsti", words(), refused_by_filter, may_lack="dev.tty.legacy_tiocsti=0", **on_tty)
    yield Attack("tiocsti-bit32", words(), refused_by_filter, may_lack="dev.tty.legacy_tiocsti=0", **on_tty)
    yield Attack("tiocsti-bit63", words(), refused_by_filter, may_lack="dev.tty.legacy_tiocsti=0", **on_tty)
    console = words("/dev/tty1")
    yield Attack("tioclinux", words(), refused_by_filter, shown_by="root", outside_words=console,
                 may_lack="no virtual terminal", **on_tty)
    yield Attack("tioclinux-bit32", words(), refused_by_filter, shown_by="root", outside_words=console,
                 may_lack="no virtual terminal", **on_tty)
    # The caller's terminal by every way: as a stream, as the controlling terminal, by its path.
    yield Attack("tty-same", words("TERMINAL"), refused("OTHER"), surroundings=_named_terminal, needle=False)
    yield Attack("tty-controlling", words(), refused("ENXIO|ENOENT|EACCES"), surroundings=_terminal("behind"), needle=False)
    yield Attack("pts-open", lambda scene: [scene.terminal_path], refused("ENOENT|EIO"), needle=False)
    yield Attack("tiocsctty", lambda scene: [scene.terminal_path], refused("ENOENT|EIO|EPERM"), needle=False)


def attacks():
    yield from _sockets()
    yield from _ipc()
    yield from _keys()
    yield from _terminals()

"""Attacks on files: what is not shown, what is shown but not to be changed, what is masked, what came along."""

import contextlib
import os
import socket

from attacks_model import Attack, Open, either, refused, words

ABSENT = refused("ENOENT")
# A read-only mount, or the file rights of Landlock: whichever the kernel asks first.
READ_ONLY = refused("EROFS|EACCES")
WHOLE_ROOT = Open("bench shows what the uid can read")
BENCH = {"bench": WHOLE_ROOT}
NO_PROJECT = {"readonly": READ_ONLY, "bench": READ_ONLY}


def _root_made(scene):
    return scene.visible is not None


def _hidden():
    yield Attack("read:home", lambda scene: [scene.home_file], ABSENT, by=BENCH)
    yield Attack("read:beside-project", lambda scene: [scene.secret_file], ABSENT, by=BENCH)
    yield Attack("read:dotdot", lambda scene: [f"{scene.project}/bin/../../secret.txt"], ABSENT, by=BENCH)
    yield Attack("read:relative", words("../secret.txt"), ABSENT, by=BENCH)
    yield Attack("read:tmp", lambda scene: [scene.tmp_file], ABSENT)
    yield Attack("read:var-tmp", lambda scene: [scene.var_tmp_file], ABSENT,
                 by={**BENCH, "bench/root": refused("EACCES")})  # root's run has another kernel uid
    yield Attack("read:dev-shm", lambda scene: [scene.shm_file], ABSENT)
    yield Attack("read:other-home", lambda scene: [scene.other_file], ABSENT, by={"bench": WHOLE_ROOT}, needs=_root_made)
    yield Attack("list:other-home", lambda scene: [scene.other_home], ABSENT, by={"bench": WHOLE_ROOT}, needs=_root_made,
                 needle=False)
    yield Attack("read-shadow", words(), refused("EACCES|ENOENT|EMPTY"), shown_by="root", needle=False)
    for name in (".ssh/id_ed25519", ".aws/credentials", ".cargo/credentials.toml", ".netrc", ".bash_history",
                 ".config/gh/hosts.yml", ".npmrc", ".docker/config.json", ".local/share/keyrings/login.keyring"):
        yield Attack(f"read:{name}", lambda scene, name=name: [os.path.join(scene.home, name)], ABSENT, by=BENCH)
    for name in ("read-by-self-root", "read-by-thread-root"):
        yield Attack(name, lambda scene: [scene.secret_file], ABSENT, by=BENCH)
    yield Attack("symlink", lambda scene: [scene.secret_file, f"{scene.project}/link"], ABSENT, by=NO_PROJECT)
    yield Attack("hardlink:hidden", lambda scene: [scene.secret_file, f"{scene.project}/hard"], ABSENT,
                 by={"fallback": refused("EXDEV|EACCES"), "readonly": refused("ENOENT|EROFS|EACCES"), "bench": refused("EROFS|EACCES|EXDEV|EPERM")})
    yield Attack("symlink-race", lambda scene: [scene.project, scene.secret_file, 3000], ABSENT, by=NO_PROJECT)
    yield Attack("open-by-handle", lambda scene: [scene.project, scene.handle(scene.secret_file)], refused("EPERM|ENOSYS"),
                 shown_by="root")


def _unchangeable():
    inside_open = lambda scene: [scene.visible_open_folder]
    yield Attack("create:usr", words("/usr/local/share"), READ_ONLY, shown_by="root", needle=False)
    yield Attack("create:etc", words("/etc"), READ_ONLY, shown_by="root", needle=False)
    yield Attack("create:open-system-folder", inside_open, READ_ONLY, needs=_root_made, needle=False)
    # A private home may be written; what is written there must not arrive outside.
    yield Attack("leave:outside-project", lambda scene: [os.path.join(scene.base, f"left-{scene.token}")],
                 refused("EROFS|EACCES|ENOENT|UNSEEN"), needle=False, observe=_arrived)
    visible = lambda scene: [scene.visible_file]
    for name in ("open-write", "append", "chmod", "utimes", "setxattr"):
        metadata = {"fallback": Open("Landlock has no right for a file's metadata")} if name[0] in "cus" else {}
        yield Attack(f"{name}:system", visible, READ_ONLY, needs=_root_made, needle=False, by=metadata)
    yield Attack("chown:system", visible, refused("EROFS|EACCES|EPERM"), needs=_root_made, needle=False, shown_by="root",
                 by={"fallback": refused("EPERM|EINVAL")})
    yield Attack("hardlink:system", lambda scene: [scene.visible_file, f"{scene.project}/hard"],
                 refused("EXDEV|EACCES|EROFS|EPERM"), needs=_root_made, needle=False,
                 may_lack="the system on another file system than the home")
    yield Attack("fifo-write:hidden", lambda scene: [scene.fifo], ABSENT, by={"bench": refused("EACCES|EROFS")}, needle=False)
    yield Attack("fifo-write:system", lambda scene: [scene.visible_fifo], refused("EACCES|EROFS"), needs=_root_made,
                 by={"agent": Open("a FIFO in a system folder: only Landlock's file rights see it")}, needle=False)


def _arrived(scene, given, verdict):
    """Is the file there, seen from outside?"""
    if not os.path.lexists(given[0]):
        return False
    os.unlink(given[0])
    return True


def _masked_file_intact(scene):
    return "" if scene.masked_text() == f"{scene.canary}\n" else "the masked file was changed"


NO_MASK = {"fallback": Open("a mask is a mount, and there are none")}


def _masks():
    path = lambda scene: [scene.masked_file]
    # A mask is a mount point of its own: it reads as empty, cannot be moved or removed, and has no second name.
    empty = refused("EMPTY")
    yield Attack("read:masked", path, empty, by={**BENCH, **NO_MASK}, untouched=_masked_file_intact)
    busy = refused("EBUSY|EACCES|EXDEV|EROFS|EMPTY")
    for name in ("mask-rename", "mask-exchange", "mask-link"):
        yield Attack(name, path, busy, by={**NO_PROJECT, **NO_MASK}, untouched=_masked_file_intact)
    for name in ("mask-unlink", "mask-replace"):
        yield Attack(name, path, busy, by={**NO_PROJECT, **NO_MASK}, needle=False, untouched=_masked_file_intact)
    yield Attack("mask-overwrite", path, either("EACCES|EROFS|EPERM", "what is written goes to the mask"), by={**NO_PROJECT, **NO_MASK},
                 needle=False, untouched=_masked_file_intact)
    # The project itself may not be moved: an ancestor of a mask is a mount point too.
    yield Attack("mask-folder-rename", lambda scene: [scene.project, ".env"],
                 refused("EBUSY|EACCES|EROFS|EXDEV|ENOENT|EPERM|EMPTY"), untouched=_masked_file_intact)
    under = lambda scene: [scene.masked_file]
    locked = refused("EPERM|ENOSYS")
    yield Attack("umount:mask", under, locked, shown_by="root", around="masked")
    yield Attack("nested-umount:mask", under, locked, by={"agent": refused("EINVAL|EPERM")}, shown_by="root", around="masked")


@contextlib.contextmanager
def _folder_fd(scene):
    fd = os.open(scene.base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield {"fds": (fd,), "words": {"FD": str(fd)}}
    finally:
        os.close(fd)


@contextlib.contextmanager
def _file_fd(scene, flags=os.O_RDWR):
    fd = os.open(scene.secret_file, flags)
    try:
        yield {"fds": (fd,), "words": {"FD": str(fd)}}
    finally:
        os.close(fd)


@contextlib.contextmanager
def _append_fd(scene):
    fd = os.open(scene.scratch_file(), os.O_WRONLY)
    try:
        yield {"fds": (fd,), "words": {"FD": str(fd)}}
    finally:
        os.close(fd)


@contextlib.contextmanager
def _socket_fd(scene):
    here, there = socket.socketpair()
    with here, there:
        yield {"fds": (there.fileno(),), "words": {"FD": str(there.fileno())}}


@contextlib.contextmanager
def _stdin_file(scene):
    with open(scene.scratch_file("input\n"), "rb") as stdin:
        yield {"stdin": stdin}


@contextlib.contextmanager
def _home_cwd(scene):
    yield {"cwd": scene.home}


def _came_along():
    closed = refused("EBADF")
    yield Attack("inherited-fd", words("FD"), closed, surroundings=_file_fd)
    yield Attack("inherited-any", words(), refused("EMPTY"), surroundings=_file_fd, needle=False)
    yield Attack("inherited-write", words("FD"), closed, surroundings=_append_fd, needle=False)
    yield Attack("openat-fd", words("FD", "secret.txt"), closed, surroundings=_folder_fd)
    yield Attack("openat-magic", words("FD", "secret.txt"), ABSENT, surroundings=_folder_fd)
    yield Attack("scm-rights", words("FD"), closed, surroundings=_socket_fd, needle=False)
    # Standard input that was opened for reading, opened again for writing past the mount that would forbid it.
    for name in ("reopen-write", "reopen-write-dev"):
        yield Attack(name, words(0), refused("EACCES|EROFS|EPERM|OTHER"), surroundings=_stdin_file, needle=False,
                     by={"agent/user": Open("no file rights where an inner sandbox must mount, and the uid owns the file")})
    # The home as the working directory: not shown, whatever the caller stood in.
    yield Attack("read:inherited-cwd", lambda scene: [os.path.basename(scene.home_file)], ABSENT,
                 surroundings=_home_cwd, by=BENCH,
                 options=lambda scene: ("--read", scene.probe))


def attacks():
    yield from _hidden()
    yield from _unchangeable()
    yield from _masks()
    yield from _came_along()

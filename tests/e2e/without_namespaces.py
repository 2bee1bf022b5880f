"""without_namespaces.py COMMAND [ARG…]: runs a command where no user namespace can be had, and nothing else is different.

As on a host that has them switched off, which is a setting of the whole machine: a system call filter answers clone3 with
ENOSYS, and clone and unshare with EPERM where they ask for a user namespace (seccomp(2)).
"""

import ctypes
import errno
import os
import struct
import sys

CLONE_NEWUSER = 0x10000000
NR_CLONE, NR_UNSHARE, NR_SECCOMP, NR_CLONE3 = 56, 272, 317, 435
SECCOMP_SET_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 1, 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # classic BPF
NUMBER, FIRST_ARGUMENT = 0, 16  # struct seccomp_data


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def instruction(code, value, then=0, otherwise=0):
    return struct.pack("HBBI", code, then, otherwise, value)


def main():
    steps = [
        instruction(LOAD, NUMBER),
        instruction(EQUAL, NR_CLONE3, 5, 0),
        instruction(EQUAL, NR_CLONE, 1, 0),
        instruction(EQUAL, NR_UNSHARE, 0, 2),
        instruction(LOAD, FIRST_ARGUMENT),
        instruction(ANY_BIT, CLONE_NEWUSER, 2, 0),
        instruction(RETURN, ALLOW),
        instruction(RETURN, ERRNO | errno.ENOSYS),
        instruction(RETURN, ERRNO | errno.EPERM),
    ]
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = Program(len(steps), b"".join(steps))
    if libc.syscall(NR_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(program)) != 0:
        sys.exit(f"without_namespaces.py: seccomp: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()

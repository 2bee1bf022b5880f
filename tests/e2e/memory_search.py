"""A value of a test's own, and where it lies: in bytes, in the memory of a process, in its memfds."""

import base64
import contextlib
import dataclasses
import json
import os
import re

import harness


def forms(value):
    """The value, and what it becomes where somebody encodes it: base64 at each offset, hex, reversed, JSON, UTF-16."""
    data = value.encode()
    found = {data, data.hex().encode(), data.hex().upper().encode(), data[::-1], base64.b64encode(data), base64.urlsafe_b64encode(data),
             json.dumps(value)[1:-1].encode()}
    for offset in (1, 2):
        # Within a longer text: without the characters that its neighbours decide.
        found.add(base64.b64encode(b"\0" * offset + data)[4:-4])
    found.add(data.decode().encode("utf-16-le"))
    return found


class Canary:
    def __init__(self, name="secret", between="-"):
        self.name = name
        self.value = f"CANARY-{harness.new_token()}{between}{harness.new_token()}"
        self.forms = forms(self.value)

    def found_in(self, data):
        return [form for form in self.forms if form in data]

    def fragments(self):
        """Pieces of 16 bytes of the value, its base64 and its hex: what stays where the heap wrote over a beginning."""
        data = self.value.encode()
        own = data.removeprefix(b"CANARY-")
        texts = [data, own.hex().encode(), *(base64.b64encode(b"\0" * offset + own)[4 * bool(offset):-4] for offset in range(3))]
        return {piece for text in texts for piece in (text[:16], text[16:32], text[-16:])}


@dataclasses.dataclass
class Mapping:
    name: str  # the path, "[heap]", "" for anonymous memory
    flags: set  # of smaps: "lo" is locked, "dd" left out of dumps
    data: bytes

    @property
    def is_locked(self):
        return {"lo", "dd"} <= self.flags


def mappings(pid):
    """What a process has in memory; raises PermissionError where that may not be read.

    Mappings of files on disk that the process did not write to are left out: what they hold is searched there. What
    cannot be read by anybody (memfd_secret, device memory) has no data.
    """
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        blocks = [block for block in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", file.read()) if block]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for block in blocks:
            head = block.split("\n", 1)[0].split(None, 5)
            name = head[5] if len(head) > 5 else ""
            own = re.search(r"(?m)^Anonymous: +(\d+) kB", block)
            on_disk = name.startswith("/") and not name.startswith(("/memfd:", "/secretmem", "/dev/zero", "/SYSV"))
            if name in ("[vvar]", "[vvar_vclock]", "[vsyscall]") or (on_disk and own and own[1] == "0"):
                continue
            begin, end = (int(number, 16) for number in head[0].split("-"))
            flags = re.search(r"VmFlags:(.*)", block)
            yield Mapping(name, set(flags[1].split()) if flags else set(), _read_memory(memory, begin, end))


def _read_memory(memory, begin, end, chunk=1 << 20):
    data = b""
    with contextlib.suppress(OSError, OverflowError):
        for position in range(begin, end, chunk):
            memory.seek(position)
            data += memory.read(min(chunk, end - position))
    return data


def memory_has(pid, canary):
    """Whether a process's memory holds the canary in any form; raises PermissionError where it may not be read."""
    return any(canary.found_in(mapping.data) for mapping in mappings(pid))


def in_locked_memory_only(pid, canary):
    """Whether every mapping that holds the canary is locked and left out of dumps."""
    return all(mapping.is_locked for mapping in mappings(pid) if canary.found_in(mapping.data))


def memfds(pid):
    """{number: bytes} of the memfds that a process has open."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        with contextlib.suppress(OSError):
            if "memfd:" in os.readlink(path):
                with open(path, "rb") as file:
                    found[int(name)] = file.read(1 << 24)
    return found


def descriptors_have(pid, canary):
    """Numbers of the process's memfds that hold the canary."""
    return [number for number, data in memfds(pid).items() if canary.found_in(data)]

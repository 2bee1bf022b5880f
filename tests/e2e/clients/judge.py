"""Where canaries came to lie: their bytes and the usual disguises, in texts, trees of files, databases and /proc."""

import base64
import json
import os
import pathlib
import sqlite3
import urllib.parse


def forms(value):
    """{name of a form: its bytes}"""
    plain = value.encode()
    found = {"plain": plain, "reversed": plain[::-1], "hex": plain.hex().encode(), "HEX": plain.hex().upper().encode(),
             "url": urllib.parse.quote(value, safe="").encode(), "json": json.dumps(value)[1:-1].encode()}
    for shift in range(3):  # wherever the value stands in a longer text
        text = base64.b64encode(b"\0" * shift + plain)
        found[f"base64/{shift}"] = text[(0, 2, 3)[shift]:][:len(plain) * 4 // 3 - 4]
    return found


class Judge:
    def __init__(self, canaries):
        self.needles = [(name, form, needle) for name, value in canaries.items() for form, needle in forms(value).items()]

    def in_bytes(self, data):
        """Names of the canaries in it."""
        return {name for name, _, needle in self.needles if needle in data}

    def in_tree(self, root, leave_out=()):
        """{path: names}; databases are read as such too, because a value may lie across pages."""
        found = {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path) or path in leave_out:
                    continue
                try:
                    with open(path, "rb") as file:
                        data = file.read()
                except OSError:
                    continue
                if data.startswith(b"SQLite format 3\0"):
                    data += _dump(path)
                if hits := self.in_bytes(data):
                    found[os.path.relpath(path, root)] = hits
        return found

    def in_sandboxes(self):
        """{pid: names} of environments and command lines of processes in pid namespaces other than this one's."""
        own = os.readlink("/proc/self/ns/pid")
        found = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == own:
                    continue
                data = b"".join(pathlib.Path(f"/proc/{entry}/{name}").read_bytes() for name in ("environ", "cmdline"))
            except OSError:
                continue
            if hits := self.in_bytes(data):
                found[int(entry)] = hits
        return found


def _dump(path):
    try:
        database = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True)
        return "\n".join(database.iterdump()).encode("utf-8", "replace")
    except sqlite3.Error:
        return b""

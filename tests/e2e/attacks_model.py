"""What an attack is, and what counts as the right answer to it."""

import dataclasses
import typing

PROFILES = ("tool", "readonly", "agent", "bench")
# Profile tool with less of a wall, so that what stands behind the first one is seen to hold: host-proc shows the host's
# processes (the power HostProc); fallback and filtered have no namespaces at all, only Landlock and the filter, because
# the host's limit of user namespaces is 0, or because a filter refuses them, as a container's does.
RUNGS = ("host-proc", "fallback", "filtered")
# What refuses there instead of "there is no such thing here".
BEHIND = frozenset(("EACCES", "EPERM", "EROFS"))


@dataclasses.dataclass(frozen=True)
class Refused:
    """The attack must fail, and for one of these reasons: errno names, signals, or

    EMPTY   what was read held nothing          OTHER   it held something else, or none of outside was in view
    UNSEEN  what the attack should have left behind was not there          exit:N  the run ended with this status
    """

    reasons: frozenset

    def allows(self, verdict):
        return not verdict.succeeded and verdict.outcome != "error" and verdict.reason in self.reasons

    def __str__(self):
        return "|".join(sorted(self.reasons))


@dataclasses.dataclass(frozen=True)
class Open:
    """The profile means to allow it; `why` is what the documentation says. It must then really succeed."""

    why: str

    def allows(self, verdict):
        return verdict.succeeded

    def __str__(self):
        return f"open: {self.why}"


@dataclasses.dataclass(frozen=True)
class Either:
    """Allowed or refused, both harmless; `why` says so. A crash, or another reason, is neither."""

    reasons: frozenset
    why: str

    def allows(self, verdict):
        return verdict.succeeded or (verdict.outcome in ("denied", "absent") and verdict.reason in self.reasons)

    def __str__(self):
        return f"open or {'|'.join(sorted(self.reasons))}: {self.why}"


def refused(reasons):
    return Refused(frozenset(reasons.split("|")))


def either(reasons, why):
    return Either(frozenset(reasons.split("|")), why)


@dataclasses.dataclass(frozen=True)
class Nowhere:
    """It succeeds nowhere on such a kernel; `asserted` says what proves the refusal instead. Never counted as a pass."""

    asserted: str


Words = typing.Callable[[typing.Any], list]


@dataclasses.dataclass(frozen=True)
class Attack:
    name: str  # the probe's, or "probe:variant"
    words: Words  # the probe's words, given the scene
    expect: typing.Any  # Refused, Open or Either
    # Who shows outside that it works: "caller" (whoever runs it), "root", or Nowhere(…).
    shown_by: typing.Any = "caller"
    by: dict = dataclasses.field(default_factory=dict)  # other expectations: {"agent": …, "bench": …, "root": …}
    around: str = "plain"  # how it is run outside (support.sandboxes.Outside)
    outside_words: typing.Optional[Words] = None
    options: typing.Any = ()  # of `confide run`; a tuple, or a function of the scene
    needs: typing.Callable = lambda scene: True  # False: the scene could not be made to hold what it takes
    may_lack: str = ""  # why some hosts have not what it takes: then "outside" is listed, not failed
    # Why some hosts cannot hold what `options` ask for: then confide launches nothing (125), and that is listed.
    may_refuse_launch: str = ""
    callers: tuple = ("root", "user")
    needle: bool = True  # look for the canary
    surroundings: typing.Optional[typing.Callable] = None  # scene -> context manager of more Surroundings fields
    prefix: typing.Optional[Words] = None  # a command that runs the sandbox (and, outside, the probe)
    observe: typing.Optional[typing.Callable] = None  # (scene, words, verdict) -> bool: did it succeed after all?
    untouched: typing.Optional[typing.Callable] = None  # scene -> "" or what an attack inside has done outside

    @property
    def probe(self):
        return self.name.split(":", 1)[0]

    def expected(self, profile, caller):
        same = "fallback" if profile == "filtered" else profile
        for key in (f"{same}/{caller}", same, caller):
            if key in self.by:
                return self.by[key]
        if profile in RUNGS and isinstance(self.expect, Refused):
            return Refused(self.expect.reasons | BEHIND)
        return self.expect


def words(*fixed):
    return lambda scene: [str(word) for word in fixed]

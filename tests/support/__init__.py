"""What the end-to-end suites share."""

import signal


def end_cleanly():
    """Lets SIGTERM and SIGHUP unwind the stack, so that what was made is taken away again."""

    def ended(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, ended)

"""Exit codes of the command line."""

DONE = 0
CANNOT = 1
WRONG_USAGE = 2
FOUND = 3
"""Done, but with findings at ``--fail-on``."""

INTERRUPTED = 130
PIPE_CLOSED = 141
"""As shells count signals: 128 and the signal's number; 129 is a terminal that was closed, 143 a polite end."""

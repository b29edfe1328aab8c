"""What can go wrong with the local stack, each said in one sentence that names the way out."""


class StackError(Exception):
    """The stack cannot be started or stopped; the message is for the user."""


class StackNotRunning(StackError):
    """There is no running stack to talk to."""

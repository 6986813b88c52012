"""A tool that measures nothing and notes what it is asked to do."""

from perfkit.model.profile import Profile
from perfkit.profiling.capture import Capture


class NotingTool:
    title = "noting 1.0"

    def __init__(self, *, pauses_between_steps=True, fails_in=""):
        self.pauses_between_steps = pauses_between_steps
        self.fails_in = fails_in
        self.calls = []
        self.callers = []

    def note(self, call):
        self.calls.append(call)
        if call == self.fails_in:
            raise OSError("disk full")

    def resume(self, caller):
        self.callers.append(caller.f_code.co_name)
        self.note("resume")

    def pause(self):
        self.note("pause")

    def read(self):
        self.note("read")
        return Profile("", samples=1)

    def abandon(self):
        self.note("abandon")


def capture_with(tool, name=None, kind="cpu"):
    return Capture(kind, name, lambda: tool)

"""Reads the recipes' YAML and carries out a job's scripts in a clean clone, as the CI would."""

import re
import subprocess
from dataclasses import dataclass, field

KEY = re.compile(r"([\w.-]+):(?: +(.*))?$")


def load(text):
    """The part of YAML that the recipes use: maps, lists, values of one line, and ``|`` blocks."""
    return _Reader(text).value(0)


class _Reader:
    def __init__(self, text):
        self.lines, self.at = text.splitlines(), 0

    def value(self, indent):
        is_list = self._line().lstrip().startswith("- ")
        return self._list(indent) if is_list else self._map(indent)

    def _line(self):
        """The next line that says something; "" at the end."""
        while self.at < len(self.lines) and re.match(r"\s*(#|$)", self.lines[self.at]):
            self.at += 1
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def _inside(self, indent):
        line = self._line()
        return bool(line) and len(line) - len(line.lstrip()) >= indent

    def _list(self, indent):
        found = []
        while self._inside(indent) and self._line()[indent:].startswith("- "):
            rest = self._line()[indent + 2 :]
            if KEY.match(_plain(rest)):
                self.lines[self.at] = " " * (indent + 2) + rest
                found.append(self._map(indent + 2))
            else:
                found.append(_scalar(rest))
                self.at += 1
        return found

    def _map(self, indent):
        found = {}
        while self._inside(indent):
            key, rest = KEY.match(_plain(self._line().strip())).groups()
            self.at += 1
            if rest == "|":
                found[key] = self._block(indent)
            elif rest:
                found[key] = _scalar(rest)
            else:
                line = self._line()
                found[key] = self.value(len(line) - len(line.lstrip()))
        return found

    def _block(self, indent):
        lines = []
        while self.at < len(self.lines) and (not self.lines[self.at].strip() or self._inside(indent + 1)):
            lines.append(self.lines[self.at][indent + 2 :])
            self.at += 1
        return "\n".join(lines).rstrip() + "\n"


def _plain(text):
    """A line without its comment, unless it is quoted."""
    return text if text.startswith('"') else re.sub(r"\s+#.*$", "", text)


def _scalar(text):
    return text[1:-1] if text.startswith('"') else _plain(text)


@dataclass
class Job:
    """What a job printed, and the steps of it that failed."""

    output: str = ""
    failed: list[str] = field(default_factory=list)

    def carry_out(self, name, script, folder, environment, shell=("bash", "-e", "-c")):
        done = subprocess.run([*shell, script], cwd=folder, env=environment, capture_output=True, text=True)
        self.output += done.stdout + done.stderr
        if done.returncode:
            self.failed.append(f"{name}: {done.returncode}")


def github_job(job, folder, environment):
    """Its ``run:`` steps; after one failed only those that say they run nevertheless."""
    result = Job()
    for step in job["steps"]:
        if "run" in step and (not result.failed or "!cancelled()" in step.get("if", "")):
            given = {key: environment.get(key, "") for key in step.get("env", {})}
            result.carry_out(step["name"], step["run"], folder, {**environment, **given})
    return result


def gitlab_job(pipeline, name, folder, environment):
    """``before_script`` and ``script`` in one shell, then always ``after_script`` in another."""
    job = {**pipeline[pipeline[name]["extends"]], **pipeline[name]}
    result = Job()
    shell = ("bash", "-eo", "pipefail", "-c")
    result.carry_out("script", "\n".join(job["before_script"] + job["script"]), folder, environment, shell)
    result.carry_out("after_script", "\n".join(job["after_script"]), folder, environment, shell)
    return result

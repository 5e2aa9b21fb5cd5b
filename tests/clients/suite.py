"""Runs the unit tests of Python packages, a process for each module, and prints a line for each test.

    pass NAME
    skip NAME: why
    fail NAME: the error's last line

A module whose process dies or hangs is a failure of its own name. Usage: suite.py PACKAGE...; NAME=MODULE runs one in this process.
"""

import importlib
import os
import pkgutil
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

# How long a module may take; few take a tenth of that.
LIMIT_S = 300


class Lines(unittest.TestResult):
    """Prints what came of each test, to where nothing else that the tests print gets."""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def line(self, kind, test, reason=""):
        reason = " ".join(str(reason).split())
        print(f"{kind} {test.id()}{': ' if reason else ''}{reason}", file=self.out, flush=True)

    def addSuccess(self, test):
        self.line("pass", test)

    def addExpectedFailure(self, test, err):
        self.line("pass", test)

    def addUnexpectedSuccess(self, test):
        self.line("fail", test, "it was expected to fail")

    def addSkip(self, test, reason):
        self.line("skip", test, reason)

    def addError(self, test, err):
        # pytest's way to skip a test is unknown to unittest.
        if err[0].__name__ == "Skipped":
            self.addSkip(test, err[1])
            return
        self.line("fail", test, f"{err[0].__name__}: {err[1]}"[:300])

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(test, err)


def run_module(name, out):
    unittest.defaultTestLoader.loadTestsFromName(name).run(Lines(out))


def modules(package):
    found = importlib.import_module(package)
    if not hasattr(found, "__path__"):
        return [package]
    names = (entry.name for entry in pkgutil.walk_packages(found.__path__, package + "."))
    return sorted(name for name in names if name.rsplit(".", 1)[1].startswith("test_"))


def run_apart(name):
    command = [sys.executable, __file__, f"NAME={name}"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as late:
        lines = (late.stdout or b"").decode()
        return f"{lines}fail {name}: not done after {LIMIT_S} s\n"
    if done.returncode == 0:
        return done.stdout
    last = done.stderr.strip().splitlines()[-1:] or [""]
    return f"{done.stdout}fail {name}: its process ended with {done.returncode}: {last[0][:300]}\n"


if __name__ == "__main__":
    # What packages print, already while they are imported, is none of the lines.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if sys.argv[1].startswith("NAME="):
        run_module(sys.argv[1].removeprefix("NAME="), out)
    else:
        names = [name for package in sys.argv[1:] for name in modules(package)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for lines in pool.map(run_apart, names):
                print(lines, end="", file=out, flush=True)

"""Runs Swift's own functional tests against the endpoint of SWIFT_TEST_CONFIG_FILE, with the standard library alone.

Usage: runner.py FOLDER_OF_THE_SUITE RESULTS_FILE [PART_OF_A_TEST_NAME ...]

Writes one JSON line per test: id, outcome, seconds, detail. Says nothing of what the outcomes should be.
"""
import importlib
import json
import os
import sys
import time
import unittest
import unittest.mock

# The suite was written before mock became a part of Python.
sys.modules.setdefault('mock', unittest.mock)


class Recorder(unittest.TestResult):
    def __init__(self, output):
        super().__init__()
        self.output = output
        self.began = time.time()
        self.recorded = set()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.time()

    def record(self, test, outcome, detail=''):
        # A test whose clean-up fails as well is told of once, by what went wrong first.
        if test.id() in self.recorded:
            return
        self.recorded.add(test.id())
        line = {'id': test.id(), 'outcome': outcome, 'detail': detail,
                'seconds': round(time.time() - self.began, 2)}
        self.output.write(json.dumps(line) + '\n')
        self.output.flush()
        sys.stdout.write({'passed': '.', 'skipped': 's'}.get(outcome, 'F'))
        sys.stdout.flush()

    def addSuccess(self, test):
        self.record(test, 'passed')

    def addSkip(self, test, reason):
        self.record(test, 'skipped', reason)

    def addExpectedFailure(self, test, err):
        self.record(test, 'passed')

    def addUnexpectedSuccess(self, test):
        self.record(test, 'failed', 'unexpected success')

    def addFailure(self, test, err):
        self.record(test, 'failed', self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self.record(test, 'error', self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.record(test, 'failed', self._exc_info_to_string(err, test))


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def load(folder, wanted):
    names = sorted(name[:-3] for name in os.listdir(os.path.join(folder, 'test', 'functional'))
                   if name == 'tests.py' or name.startswith('test_') and name.endswith('.py'))
    chosen = unittest.TestSuite()
    for name in names:
        module = importlib.import_module('test.functional.' + name)
        for test in tests_of(unittest.defaultTestLoader.loadTestsFromModule(module)):
            # Modules import test classes from each other: each test is run where it is defined.
            if type(test).__module__ != module.__name__:
                continue
            if not wanted or any(part in test.id() for part in wanted):
                chosen.addTest(test)
    return chosen


def main():
    folder, results, *wanted = sys.argv[1:]
    # Python has a package named test as well; Swift itself is the installed one.
    sys.path.insert(0, folder)
    with open(results, 'w') as output:
        recorder = Recorder(output)
        load(folder, wanted).run(recorder)
    print()


main()

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""junit_valid.py FILE: is it JUnit XML as the schema of Apache Ant's reports and that of Jenkins both take it? The rules are
written down here; prints name, outcome and type of each case."""
import re, sys
import xml.etree.ElementTree as ET

SUITE = {"name": r".+", "id": r"\d+", "package": r".*", "tests": r"\d+", "failures": r"\d+", "errors": r"\d+",
         "skipped": r"\d+", "time": r"\d{1,3}\d*(\.\d+)?", "hostname": r".+", "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}
CASE = {"name": r".+", "classname": r".+", "time": r"\d+(\.\d+)?"}
OUTCOME = {"failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"}}

def attributes(e, rules):
    assert set(e.attrib) == set(rules), (e.tag, e.attrib)
    for k, v in e.attrib.items():
        assert re.fullmatch(rules[k], v, re.S), (e.tag, k, v)

root = ET.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites" and not root.attrib
for number, suite in enumerate(root):
    assert suite.tag == "testsuite"
    attributes(suite, SUITE)
    assert int(suite.get("id")) == number
    tags = [e.tag for e in suite]
    cases = suite.findall("testcase")
    assert tags == ["properties"] + ["testcase"] * len(cases) + ["system-out", "system-err"], tags
    count = dict.fromkeys(OUTCOME, 0)
    seconds = 0
    for case in cases:
        attributes(case, CASE)
        seconds += float(case.get("time"))
        assert len(case) <= 1
        for e in case:
            assert set(e.attrib) == OUTCOME[e.tag], (e.tag, e.attrib)
            assert not len(e) and e.get("message") and e.get("type", "x")
            count[e.tag] += 1
        outcome = case[0].tag if len(case) else "passed"
        print(suite.get("id"), case.get("name"), outcome, case[0].get("type", "-") if len(case) else "-")
    assert int(suite.get("tests")) == len(cases)
    assert [int(suite.get(k)) for k in ("failures", "errors", "skipped")] == list(count.values())
    assert abs(float(suite.get("time")) - seconds) < 0.001 * (len(cases) + 1)

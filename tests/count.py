"""count.py JUNIT-XML [--all]: name what failed, and close with 'N passed, N failed'.

A test that claims nothing, or a run in which nothing ran, is a failure. What was
skipped, because the machine has not the means for it, is named, with its reason;
with --all it is a failure, too: all was to be tried.
"""
import sys
import xml.etree.ElementTree as tree

everything = sys.argv[2:] == ["--all"]
passed = failed = 0
for suite in tree.parse(sys.argv[1]).getroot().iter("testsuite"):
    cases = list(suite.iter("testcase"))
    if not cases:
        failed += 1
        print("ran nothing:", suite.get("name"))
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print("failed:", suite.get("name"), "-", case.get("name"))
        elif case.find("skipped") is None:
            passed += 1
        else:
            failed += everything
            print("not tried, so it failed:" if everything else "skipped:", case.get("name"), "-",
                  (case.findtext("system-out") or "").strip())
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)

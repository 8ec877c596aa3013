#!/usr/bin/env python3
"""corpus_sigma.py VMSIFT FOLDER: public Sigma rules, each with a log in which it must fire (FOLDER/rules, FOLDER/evtx), and
rules that must load or be refused by name (FOLDER/syntax). One line for what does not hold, then N passed, N failed."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

vmsift, corpus = sys.argv[1], sys.argv[2]
REFUSED = re.compile(r"^[^\n:]+\.yml:\d+:\d+: .+; .+", re.M)
failed = passed = 0


def tell(holds, what):
    global failed, passed
    good = bool(holds)
    passed += good
    failed += not good
    if not good:
        print("FAIL", what)


def match(rules, log):
    run = subprocess.run([vmsift, "match", "--signatures", rules, log], capture_output=True, timeout=60)
    return run.returncode, run.stdout, run.stderr.decode("utf-8", "replace")


def alone(folder, rule):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    shutil.copy(rule, folder)
    return folder


def ids(output):
    return {(m["id"], m["record"]) for m in map(json.loads, output.splitlines())}


with tempfile.TemporaryDirectory() as top:
    names = sorted(os.listdir(os.path.join(corpus, "rules")))
    fired = {}
    for name in names:
        log = os.path.join(corpus, "evtx", name[:-4] + ".evtx")
        status, out, err = match(alone(os.path.join(top, "one"), os.path.join(corpus, "rules", name)), log)
        fired[name] = ids(out) if status == 0 else set()
        tell(status == 0 and fired[name], f"{name} does not fire: {err.strip()}")
    for name in names:  # among all the others a rule fires as it does alone
        log = os.path.join(corpus, "evtx", name[:-4] + ".evtx")
        status, out, err = match(os.path.join(corpus, "rules"), log)
        tell(status == 0 and fired[name] <= ids(out), f"{name} fires otherwise among all rules: {err.strip()}")
    log = os.path.join(corpus, "evtx", names[0][:-4] + ".evtx")
    for name in sorted(os.listdir(os.path.join(corpus, "syntax"))):
        status, out, err = match(alone(os.path.join(top, "one"), os.path.join(corpus, "syntax", name)), log)
        loaded, refused = status == 0 and not err, status == 1 and REFUSED.search(err)
        tell(loaded or refused, f"{name} is neither loaded nor refused with its place: {status} {err.strip()}")

print(f"sigma: {passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)

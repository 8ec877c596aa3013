#!/usr/bin/env python3
"""Conformance of the event log reader against a corpus of real files.

usage: corpus_evtx.py VMSIFT CORPUS_DIR [-v]

CORPUS_DIR holds *.evtx, ORACLE.tsv (live records by provider, event id and channel), xml/ (records as other tools print
them) and exported/ (as Windows prints them). Every record of these is compared value by value.
"""
import collections
import glob
import gzip
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

NAMESPACE = re.compile(r"\{[^}]*\}")
STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7})(00)?Z$")
GUID = re.compile(r"^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$")
HEX = re.compile(r"^0x[0-9A-Fa-f]+$")
REAL = re.compile(r"^-?\d[\d.]*(e[+-]\d+)?$")
EVENT = re.compile(r"<Event[ >].*?</Event>", re.S)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Tally:
    """What was compared. known: values that differ, by the reason why they may; notes: the same of whole records."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.values = self.wrong = 0
        self.known = collections.Counter()
        self.notes = collections.Counter()

    def check(self, good, what, details=()):
        if good:
            self.passed += 1
            return
        self.failed += 1
        print("FAILED", what)
        for line in list(details)[:8]:
            print("   ", line)


def dump(vmsift, path, form, *options):
    command = [vmsift, "dump", "--format", form, *options, path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError("dump --format %s %s: exit %d" % (form, path, done.returncode))
    return done.stdout.decode("utf-8")


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name twice in one object: %s" % names)
    return dict(pairs)


def oracle(corpus):
    want = collections.defaultdict(dict)
    with open(os.path.join(corpus, "ORACLE.tsv"), encoding="utf-8") as table:
        next(table)
        for row in table:
            name, provider, event_id, channel, count = row.rstrip("\n").split("\t")[:5]
            want[name][provider, event_id, channel] = int(count)
    return want


def counts(text):
    met = collections.Counter()
    for line in text.split("\n")[:-1]:
        record = json.loads(line, object_pairs_hook=unique)
        met[record["provider"], str(record.get("event_id", "")), record["channel"]] += 1
    return met


def check_counts(vmsift, corpus, tally):
    want = oracle(corpus)
    records = 0
    for path in sorted(glob.glob(os.path.join(corpus, "*.evtx"))):
        name = os.path.basename(path)
        try:
            met = counts(dump(vmsift, path, "jsonl"))
        except (RuntimeError, ValueError) as error:
            tally.check(False, name, [str(error)])
            continue
        records += sum(met.values())
        keys = sorted(set(met) | set(want[name]))
        tally.values += len(keys)
        wrong = ["%s: %d, not %d" % (k, met.get(k, 0), want[name].get(k, 0)) for k in keys
                 if met.get(k, 0) != want[name].get(k, 0)]
        tally.wrong += len(wrong)
        tally.check(not wrong, "counts of " + name, wrong)
    return "%d records" % records


def events_of(text, tally, event=EVENT):
    """Single <Event> elements as trees; a text that no XML parser takes is an exception of the tool that wrote it."""
    for one in event.findall(text):
        try:
            yield ET.fromstring(FORBIDDEN.sub("\ufffd", one))
        except ET.ParseError:
            tally.notes["event that is not well-formed XML"] += 1
            yield None


def plain(text):
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


def masked(a, b):
    """a is b but for secrets, which leave as ***."""
    return "***" in a and re.fullmatch(".*".join(re.escape(part) for part in a.split("***")), b, re.S) is not None


def same(ours, theirs, tally, tool):
    """Equal under the rules of the corpus: 'Comparing record by record'."""
    equal = equivalent(plain(ours), plain(theirs), tally, tool)
    tally.values += 1
    tally.wrong += not equal
    return equal


def equivalent(a, b, tally, tool):
    if a == b:
        return True
    if STAMP.match(a) and STAMP.match(b):
        return STAMP.match(a).group(1) == STAMP.match(b).group(1)
    if masked(a, b):
        tally.known["secrets leave masked"] += 1
        return True
    if not tool:
        return False
    if GUID.match(a) and GUID.match(b):
        return a.lower() == b.lower()
    if HEX.match(a) and HEX.match(b):
        return int(a, 16) == int(b, 16)
    return fault(a, b, tally)


def fault(a, b, tally):
    """Known faults of evtxexport 20181227, each counted."""
    if re.match(r"^-\d+$", a) and re.match(r"^-\d+$", b) and int(b) == -(int(a) & 0x7FFFFFFF):
        name = "negative Int32"
    elif HEX.match(a) and b.isdigit() and int(a, 16) == int(b):
        name = "size_t in decimal"
    elif "\ufffd" in a and "\ufffd" in b:
        name = "text that is not UTF-16"
    elif a.strip() == b.strip():
        name = "blank text left out"
    elif REAL.match(a) and REAL.match(b) and abs(float(a) - float(b)) <= 1e-6 * abs(float(a)):
        name = "Real64 in seven digits"
    else:
        return False
    tally.known["evtxexport: " + name] += 1
    return True


def name_of(element):
    return NAMESPACE.sub("", element.tag)


def differences(ours, theirs, tally, tool, path=""):
    path += "/" + name_of(ours)
    if name_of(ours) != name_of(theirs):
        return ["%s, not %s" % (path, name_of(theirs))]
    if set(ours.attrib) != set(theirs.attrib):
        return ["%s: attributes %s, not %s" % (path, sorted(ours.attrib), sorted(theirs.attrib))]
    wrong = ["%s/@%s: %r, not %r" % (path, key, ours.attrib[key], theirs.attrib[key]) for key in ours.attrib
             if not same(ours.attrib[key], theirs.attrib[key], tally, tool)]
    # Event Viewer adds RenderingInfo while it exports; it is not in the log.
    rendered = ours.find("{*}RenderingInfo") is not None
    children, others = list(ours), [e for e in theirs if rendered or name_of(e) != "RenderingInfo"]
    if len(children) != len(others):
        names = [name_of(e) for e in children], [name_of(e) for e in others]
        return wrong + ["%s: elements %s, not %s" % (path, *names)]
    if not children and not others and not same(ours.text, theirs.text, tally, tool):
        wrong.append("%s: %r, not %r" % (path, ours.text, theirs.text))
    for child, other in zip(children, others):
        wrong += differences(child, other, tally, tool, path)
    return wrong


def record_id(event):
    return event.findtext("{*}System/{*}EventRecordID")


def by_record(events):
    table = collections.defaultdict(list)
    for event in events:
        if event is not None:
            table[record_id(event)].append(event)
    return table


def compare(ours, theirs, tally, tool, whole, label):
    """theirs: trees of another tool. whole: it printed every record we print."""
    table, wrong, count = by_record(ours), [], 0
    bad = tally.notes["event that is not well-formed XML"]
    for other in theirs:
        if other is None:
            continue
        found = table.get(record_id(other))
        if not found:
            wrong.append("record %s is missing" % record_id(other))
            continue
        count += 1
        wrong += ["record %s %s" % (record_id(other), d) for d in differences(found.pop(0), other, tally, tool)]
    left = sum(len(v) for v in table.values())
    bad = tally.notes["event that is not well-formed XML"] - bad
    if whole and left > bad:
        tally.notes["record not printed"] += left - bad
    tally.check(not wrong, label, wrong)
    return count


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def our_events(vmsift, corpus, name):
    text = dump(vmsift, os.path.join(corpus, name), "xml")
    return [ET.fromstring(line) for line in text.split("\n")[:-1]]


REFERENCE = (("xml/*.walk.xml.gz", ".walk.xml.gz", False), ("xml/*.xml.gz", ".xml.gz", True))
WINDOWS = (("exported/tsevtx__*.xml", ".xml", False),)


def check_xml(vmsift, corpus, tally, kinds):
    parts = []
    for pattern, suffix, tool in kinds:
        total = files = 0
        for path in sorted(glob.glob(os.path.join(corpus, pattern))):
            if suffix == ".xml.gz" and path.endswith(".walk.xml.gz"):
                continue
            name = os.path.basename(path)[:-len(suffix)] + ".evtx"
            # A walk is in evtxexport's notation of GUIDs and times.
            notation = tool or suffix == ".walk.xml.gz"
            theirs = list(events_of(read(path), tally))
            total += compare(our_events(vmsift, corpus, name), theirs, tally, notation, True, os.path.basename(path))
            files += 1
        parts.append("%s: %d files, %d records" % (pattern, files, total))
    return "; ".join(parts)


def check_examples(vmsift, corpus, tally):
    text = read(os.path.join(corpus, "xml", "triage-examples.xml"))
    found = re.findall(r"<!--(?:(?!-->).)*?from (\S+\.evtx)(?:(?!-->).)*-->\s*(.*?)(?=<!--|</Events>)", text, re.S)
    total = 0
    by_file = collections.defaultdict(list)
    for name, events in found:
        by_file[name] += list(events_of(events, tally))
    for name, theirs in sorted(by_file.items()):
        if not os.path.exists(os.path.join(corpus, name)):
            tally.skipped += 1
            continue
        total += compare(our_events(vmsift, corpus, name), theirs, tally, False, False, "triage examples of " + name)
    return "xml/triage-examples.xml: %d records" % total


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    vmsift, corpus = sys.argv[1:3]
    if not os.path.isdir(corpus):
        print("skipped: no corpus at", corpus)
        return
    tally = Tally()
    print("counts:", check_counts(vmsift, corpus, tally))
    print(check_xml(vmsift, corpus, tally, REFERENCE + WINDOWS))
    print(check_examples(vmsift, corpus, tally))
    print("values compared: %d" % tally.values)
    for name, count in sorted((tally.known + tally.notes).items()):
        print("known difference, %s: %d" % (name, count))
    print("%d passed, %d failed, %d skipped" % (tally.passed, tally.failed, tally.skipped))
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()

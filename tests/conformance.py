#!/usr/bin/env python3
"""What the readers of event logs say against what others say of the same files: one line a format.

A line: NAME: what was compared, values compared, equal, and each known difference with its reason. Whatever differs
without one is shown and makes the exit status 1. Formats whose files or whose other reader is absent are skipped.
tests/conformance_*.py are run with the two programs and print lines of their own.
"""
import argparse
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import corpus_evtx as corpus_tools
from corpus_evtx import Tally, dump, name_of, plain, read, same, unique

PEER_EVENT = re.compile(r"^<Event[ >].*?^</Event>", re.M | re.S)
NUMBERED = re.compile(r"#\d+$")


def line(name, what, tally):
    known = ["%s: %d" % item for item in sorted((tally.known + tally.notes).items())]
    equal = tally.values - tally.wrong - sum(tally.known.values())
    print("%s: %s; %d values compared, %d equal; known differences: %s%s" % (
        name, what, tally.values, equal, "; ".join(known) or "none", "; FAILED" if tally.failed else ""))
    return tally.failed == 0


def logs(corpus):
    return sorted(glob.glob(os.path.join(corpus, "*.evtx")))


def exports(corpus):
    return sorted(glob.glob(os.path.join(corpus, "exported", "*.xml")))


def log_of(corpus, export):
    path = os.path.join(corpus, os.path.basename(export)[:-len("xml")] + "evtx")
    return path if os.path.exists(path) else None


# --- an event as JSON should have it ----------------------------------------------------------------------------------


class Members:
    """Names of one object: the second of a name is name#2, and unnamed ones are numbered."""

    def __init__(self):
        self.met = collections.Counter()
        self.unnamed = 0

    def name(self, name):
        if not name:
            self.unnamed += 1
            return "Data%d" % self.unnamed
        self.met[name] += 1
        return name if self.met[name] == 1 else "%s#%d" % (name, self.met[name])


def element_value(element):
    """An element of UserData: its text, or an object with its attributes, its text and its elements."""
    if not element.attrib and not len(element):
        return element.text or ""
    value = {"@" + corpus_tools.NAMESPACE.sub("", key): text for key, text in element.attrib.items()}
    members = Members()
    for child in element:
        value[members.name(name_of(child))] = element_value(child)
    if not len(element) and element.text:
        value["#text"] = element.text
    return value


def data_value(event):
    data, members = {}, Members()
    for part in event:
        if name_of(part) in ("System", "RenderingInfo"):
            continue
        data.update({"@" + corpus_tools.NAMESPACE.sub("", key): text for key, text in part.attrib.items()})
        for child in part:
            if name_of(part) == "EventData" and name_of(child) == "Data":
                data[members.name(child.get("Name"))] = child.text or ""
            else:
                data[members.name(name_of(child))] = element_value(child)
    return data


def expected(event):
    """The object of a line of dump --format jsonl, from what Windows prints."""
    system = event.find("{*}System")
    return {"record": system.findtext("{*}EventRecordID"), "time": system.find("{*}TimeCreated").get("SystemTime"),
            "provider": system.find("{*}Provider").get("Name"), "event_id": system.findtext("{*}EventID"),
            "channel": system.findtext("{*}Channel"), "level": system.findtext("{*}Level"),
            "computer": system.findtext("{*}Computer"), "data": data_value(event)}


def leaves(value, path=""):
    if not isinstance(value, dict):
        return [(path, str(value))]
    return [leaf for key, inner in value.items() for leaf in leaves(inner, path + "/" + key)]


def compare_leaves(label, ours, theirs, tally):
    """Both in document order; returns the differences."""
    if [name for name, _ in ours] != [name for name, _ in theirs]:
        return ["%s: has %s, not %s" % (label, [n for n, _ in ours], [n for n, _ in theirs])]
    return ["%s %s: %r, not %r" % (label, name, a, b)
            for (name, a), (_, b) in zip(ours, theirs) if not same(a, b, tally, False)]


def lines(vmsift, path, *options):
    text = dump(vmsift, path, "jsonl", *options)
    return [json.loads(one, object_pairs_hook=unique) for one in text.split("\n")[:-1]]


def by_record(rows):
    table = collections.defaultdict(list)
    for row in rows:
        table[str(row["record"])].append(row)
    return table


def compare_rows(label, ours, theirs, tally, flat=leaves):
    """Rows of one file from two readers, brought together by their record ids."""
    table, wrong = by_record(ours), []
    for row in theirs:
        found = table.get(str(row["record"]))
        if not found:
            wrong.append("record %s is missing" % row["record"])
            continue
        wrong += compare_leaves("record %s" % row["record"], flat(found.pop(0)), flat(row), tally)
    left = sum(len(rows) for rows in table.values())
    if left:
        wrong.append("%d records too many" % left)
    tally.check(not wrong, label, wrong)


# --- one function a line ----------------------------------------------------------------------------------------------


def evtx_counts(vmsift, corpus):
    tally = Tally()
    return line("evtx records", "live records by provider, id and channel against ORACLE.tsv, %d files, %s" % (
        len(logs(corpus)), corpus_tools.check_counts(vmsift, corpus, tally)), tally)


def evtx_reference(vmsift, corpus):
    tally = Tally()
    what = corpus_tools.check_xml(vmsift, corpus, tally, corpus_tools.REFERENCE)
    return line("evtx values", "%s; %s" % (what, corpus_tools.check_examples(vmsift, corpus, tally)), tally)


def evtx_windows_xml(vmsift, corpus):
    tally = Tally()
    what = corpus_tools.check_xml(vmsift, corpus, tally, corpus_tools.WINDOWS)
    return line("evtx as xml", "against what Windows exported, " + what, tally)


def in_windows_notation(text):
    """Event Viewer quotes attributes with ', escapes neither quotes nor line ends, and was stored with line feeds."""
    text = re.sub(r"<[^>]*>", lambda tag: tag.group().replace('"', "'"), text)
    return text.replace("&quot;", '"').replace("&#13;", "").replace("&#10;", "\n").replace("&#9;", "\t")


def record_number(event):
    return int(re.search(r"<EventRecordID>(\d+)", event).group(1))


def evtx_windows_text(vmsift, corpus):
    tally = Tally()
    for path in exports(corpus):
        if log_of(corpus, path):
            theirs = re.sub("<RenderingInfo.*?</RenderingInfo>", "", read(path), flags=re.S)
            theirs = sorted(corpus_tools.EVENT.findall(theirs), key=record_number)
            ours = dump(vmsift, log_of(corpus, path), "xml").split("\n")[:-1]
            ours = sorted((in_windows_notation(one) for one in ours), key=record_number)
            wrong = ["%s\n    not %s" % pair for pair in zip(ours, theirs) if pair[0] != pair[1]]
            tally.values += max(len(ours), len(theirs))
            tally.wrong += len(wrong)
            tally.check(len(ours) == len(theirs) and not wrong, os.path.basename(path), wrong)
    return line("evtx as text", "whole events, character by character in the notation of Event Viewer, against what "
                "Windows exported", tally)


def evtx_windows_jsonl(vmsift, corpus):
    tally, records = Tally(), 0
    for path in exports(corpus):
        if log_of(corpus, path):
            theirs = [expected(event) for event in corpus_tools.events_of(read(path), tally)]
            compare_rows(os.path.basename(path), lines(vmsift, log_of(corpus, path)), theirs, tally)
            records += len(theirs)
    return line("evtx as jsonl", "against what Windows exported, %d records" % records, tally)


def flat_data(row):
    """What event_xml makes of data: names alone, in the order of the document."""
    result = [(key, str(row.get(key, ""))) for key in ("time", "provider", "event_id", "channel", "level", "computer")]
    for path, value in leaves(row["data"]):
        parts = [NUMBERED.sub("", part) for part in path.split("/")]
        result.append((parts[-2] if parts[-1] == "#text" else parts[-1].lstrip("@"), value))
    return result


def event_xml(vmsift, corpus):
    tally, records = Tally(), 0
    for path in exports(corpus):
        ours = lines(vmsift, path)
        theirs = [expected(event) for event in corpus_tools.events_of(read(path), tally)]
        for row in theirs:
            row["time"] = re.sub(r"^(\S+) (\S+)$", r"\1T\2Z", row["time"])  # python-evtx writes a blank for T and no Z
        compare_rows(os.path.basename(path), ours, theirs, tally, flat_data)
        if log_of(corpus, path):
            compare_rows(os.path.basename(path) + " and its log", ours, lines(vmsift, log_of(corpus, path)), tally,
                         flat_data)
        records += len(theirs)
    return line("event_xml", "%d exported events against the same XML read by another parser and against the events of "
                "the logs they were exported from" % records, tally)


def peer_events(path, tally):
    """Its events as trees, and its exit status."""
    done = subprocess.run(["evtxexport", "-f", "xml", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return list(corpus_tools.events_of(done.stdout.decode("utf-8", "replace"), tally, PEER_EVENT)), done.returncode


def evtx_peer(vmsift, corpus):
    tally = Tally()
    if not shutil.which("evtxexport"):
        print("evtx against evtxexport: skipped, it is not installed")
        return True
    ours = theirs = failed = less = 0
    for path in logs(corpus):
        here = corpus_tools.our_events(vmsift, corpus, os.path.basename(path))
        there, status = peer_events(path, tally)
        label = os.path.basename(path)
        corpus_tools.compare(here, there, tally, True, False, label)
        tally.check(len(there) <= len(here), label, ["%d records, and %d there" % (len(here), len(there))])
        ours, theirs, failed = ours + len(here), theirs + len(there), failed + (status != 0)
        less += len(there) < len(here)
    return line("evtx against evtxexport", "of %d files, %d records here and %d there; it reads less of %d and ends "
                "with an error in %d (forwarded logs, CAPI2, torn records)" % (
                    len(logs(corpus)), ours, theirs, less, failed), tally)


def jsonl(vmsift, corpus):
    tally = Tally()
    for path in logs(corpus) + exports(corpus):
        for options in ((), ("--recover",)) if path.endswith(".evtx") else ((),):
            try:
                tally.values += len(lines(vmsift, path, *options))
            except ValueError as error:
                tally.wrong += 1
                tally.check(False, "JSON of " + os.path.basename(path), [str(error)])
    return line("jsonl", "every line of every dump is one JSON object without a name twice", tally)


def others(vmsift, mkfixture):
    good = True
    for script in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "conformance_*.py"))):
        sys.stdout.flush()
        command = [sys.executable, "-B", script, "--vmsift", vmsift, "--mkfixture", mkfixture]
        good = subprocess.run(command).returncode == 0 and good
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vmsift", required=True)
    parser.add_argument("--mkfixture", required=True)
    parser.add_argument("corpus")
    args = parser.parse_args()
    good = True
    if os.path.isdir(args.corpus):
        for check in (evtx_counts, evtx_reference, evtx_windows_xml, evtx_windows_text, evtx_windows_jsonl,
                      event_xml, evtx_peer, jsonl):
            good = check(args.vmsift, args.corpus) and good
    else:
        print("evtx, event_xml, jsonl: skipped, there is no", args.corpus)
    sys.exit(0 if others(args.vmsift, args.mkfixture) and good else 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""signatures/schema.json and the loader of signatures say the same.

    python3 -B tests/schema.py [--signature-json build/tests/signature_json] [--write]

The keys and words that the loader holds signatures against are those of the schema; all signatures that are built in or
in the corpus and load fit it; what the loader refuses by a key or a type does not. --write brings the names of log
sources in the schema up to date. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from run_fixtures import Fail, conforms  # noqa: E402

SCHEMA = os.path.join(ROOT, "signatures", "schema.json")
KNOWN = {"$schema", "title", "description", "type", "required", "oneOf", "anyOf", "allOf", "not", "if", "then", "dependencies",
         "properties", "additionalProperties", "propertyNames", "definitions", "$ref", "const", "enum", "pattern", "minLength",
         "minimum", "items", "minItems", "minProperties"}
# Where the words stand that the loader holds something against, by the name it has for them.
PLACES = {
    "document": ["properties"], "logsource": ["properties", "logsource", "properties"],
    "correlation": ["properties", "correlation", "properties"],
    "condition": ["properties", "correlation", "properties", "condition", "anyOf", 1, "properties"],
    "vmsift": ["properties", "vmsift", "properties"], "conditions": ["definitions", "condition", "properties"],
    "window": ["definitions", "condition", "properties", "window", "anyOf", 1, "properties"],
    "compare": ["definitions", "condition", "properties", "compare", "properties"],
    "ask": ["definitions", "condition", "properties", "ask", "properties"],
    "verify": ["definitions", "condition", "properties", "verify", "items", "properties"],
    "remedy": ["properties", "vmsift", "properties", "remedy", "items", "properties"],
    "references": ["properties", "vmsift", "properties", "references", "items", "properties"],
    "level": ["properties", "level", "enum"], "correlation type": ["properties", "correlation", "properties", "type", "enum"], "status": ["properties", "status", "enum"],
    "related": ["properties", "related", "items", "properties"], "type": ["properties", "related", "items", "properties", "type", "enum"],
}
OF_LOGSOURCES = {"disk_inspection", "dropped", "files", "lesser", "logsources.yml", "partly", "sources"}
REFUSED_KEYS = {"action", "filter"}  # told apart from slips of the pen, and false in the schema
REFUSED_MODIFIERS = {"expand", "minute", "hour", "day", "week", "month", "year"}
SOURCES = ("product", "service", "category")

RULE = """title: R
name: r
logsource: {product: windows, service: system}
detection: {s: {EventID: 1}, condition: s}
"""
# One of everything, so that the loader tells all its words.
WHOLE = RULE + """---
title: C
name: c
correlation: {type: event_count, rules: [r], timespan: 5m, group-by: [a], aliases: {a: {r: b}}, generate: true, condition: {gte: 2}}
---
title: V
name: v
correlation: {type: value_count, rules: [r], timespan: 5m, condition: {gte: 2, field: x}}
---
title: A cause
name: whole
level: low
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
status: test
date: 2024-05-31
related: [{id: 929a690e-bef0-4204-a928-ef5e620d6fcd, type: similar}]
taxonomy: sigma
vmsift:
  cause: It is so.
  applies_to: [X]
  conditions:
    a: {rule: r, says: it was, window: {before: 1h, after: 1m, same_uptime: true}, false_if: c, absent: unknown,
        distinguishing: true, basis: inferred, ask: {name: n, question: Is it?}, verify: [{do: Look., decides: all}]}
    b: {compare: {left: r, right: r, field: Modified, differ: 2s}, says: they differ}
    c: {rule: r, says: it was, window: bundle, until: v}
  when: a and b and c
  supports: [c]
  refutes: [v]
  remedy: [{do: Do it., command: x, risk: y, undo: z, reboot: false, if_fails: w}]
  references: [{document: D, section: S, url: "https://u"}]
"""
WORDS = WHOLE.replace("level: low", "level: zzz").replace("status: test", "status: zzz").replace("type: similar", "type: zzz") + "---\ntitle: W\ncorrelation: {type: zzz, rules: [r], timespan: 5m}\n"
# What replaces what in WHOLE or RULE, and is then refused by both.
BROKEN = [
    ("title: A cause\n", ""), ("title: A cause", "title: ''"), ("name: whole\n", ""), ("level: low", "level: lowest"),
    ("level: low", "level: low\naction: global"), ("id: 929a690e-bef0-4204-a928-ef5e620d6fcc", "id: 12"), ("status: test", "status: tested"),
    ("date: 2024-05-31", "date: 31.05.2024"), ("taxonomy: sigma", "taxonomy: ecs"), ("type: similar}", "type: alike}"),
    (", type: similar}", "}"), ("related: [{id: 929a690e-bef0-4204-a928-ef5e620d6fcd, type: similar}]", "related: similar"),
    ("    b: {compare", "    not: {compare"), ("window: bundle, until: v", "until: v"), ("window: {before: 1h, after: 1m, same_uptime: true}", "window: {}"),
    ("differ: 2s}, says: they differ}", "differ: 2s}, says: they differ, window: bundle}"), ("ask: {name: n,", "ask: {name: is it so,"),
    ("remedy: [{do: Do it., command: x, risk: y, undo: z, reboot: false, if_fails: w}]", "remedy: []"), ("gte: 2}}", "gte: -1}}"),
    ("gte: 2}}", "gte: two}}"), ("gte: 2}}", "ge: 2}}"), ("gte: 2, field: x", "gte: 2"), ("gte: 2, field: x", "field: x"),
    (", condition: {gte: 2}}", "}"), ("condition: {gte: 2}}", "condition: r}"), ("timespan: 5m, group", "timespan: 5, group"),
    ("timespan: 5m, group", "timespan: 5 minutes, group"), ("timespan: 5m, group", "group"), ("rules: [r], timespan: 5m, group", "timespan: 5m, group"),
    ("type: event_count", "type: value_avg"), ("type: event_count, ", ""), ("type: event_count", "type: temporal_ordered"),
    ("group-by: [a]", "group_by: [a]"), ("generate: true", "generate: sure"), ("aliases: {a: {r: b}}", "aliases: [a]"),
    ("aliases: {a: {r: b}}", "aliases: {a: b}"), ("  cause: It is so.\n", ""), ("  when: a and b and c\n", ""),
    ("    a: {rule", "    1a: {rule"), ("c: {rule: r, says: it was, window", "c: {rule: r, window"),
    ("says: they differ", "say: they differ"), (", says: they differ", ""), ("compare: {left", "rule: r, compare: {left"),
    ("    c: {rule: r, ", "    c: {"), ("differ: 2s", "differ: 2 seconds"), (", differ: 2s", ""), ("before: 1h", "before: 60"),
    ("before: 1h", "befor: 1h"), ("window: bundle", "window: everywhere"), ("same_uptime: true", "same_uptime: maybe"),
    ("absent: unknown", "absent: no"), ("basis: inferred", "basis: guessed"), ("distinguishing: true", "distinguishing: 'true'"),
    ("ask: {name: n, question: Is it?}", "ask: Is it?"), ("ask: {name: n, question: Is it?}", "ask: {name: n}"),
    ("verify: [{do: Look., decides: all}]", "verify: Look."), ("verify: [{do: Look., decides: all}]", "verify: [{do: Look.}]"),
    ("supports: [c]", "supports: c"), ("refutes: [v]", "refute: [v]"), ("do: Do it., command", "step: Do it., command"),
    ("reboot: false", "reboot: later"), ("remedy: [{", "remedy: [Do it., {"), ("references: [{document: D, section", "references: [{section"),
    ("url:", "link:"), ('"https://u"', "u"), ("vmsift:\n", "correlation: {type: temporal, rules: [r], timespan: 5m}\nvmsift:\n"),
]
BROKEN_RULE = [
    ("logsource: {product: windows, service: system}\n", ""), ("logsource: {product: windows, service: system}", "logsource: {}"),
    ("product: windows", "product: windose"), ("service: system", "service: sytem"), ("service: system", "servise: system"),
    ("service: system", "category: proces_creation"), ("logsource: {product: windows, service: system}", "logsource: windows"),
    ("{s: {EventID: 1}, condition: s}", "[s]"), (", condition: s", ""), ("condition: s", "condition: []"),
    ("condition: s", "condition: s, timeframe: 5m"), ("{EventID: 1}", "{}"), ("{EventID: 1}", "{EventID: []}"), ("{EventID: 1}", "[]"),
    ("{EventID: 1}", "{EventID: {gt: 1}}"), ("{EventID: 1}", "{x|contians: abcd}"), ("{EventID: 1}", "{x|contains|contain: abcd}"),
    ("detection: {s: {EventID: 1}, condition: s}\n", ""), ("name: r", "name: r\nid: 929a690e-bef0-4204-a928-ef5e620d6fc"),
] + [("{EventID: 1}", "{x|%s: 1}" % m) for m in sorted(REFUSED_MODIFIERS)]


def fits(x, schema, root, at):
    """`conforms`, and what it does not know: propertyNames, minProperties, dependencies, if and then."""
    if isinstance(schema, bool):
        return conforms(x, schema, root, at)
    own = {k: v for k, v in schema.items() if k not in ("properties", "additionalProperties", "items", "$ref", "allOf", "anyOf", "oneOf", "not")}
    conforms(x, own, root, at)
    if "$ref" in schema:
        to = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            to = to[part]
        fits(x, to, root, at)
    if isinstance(x, list):
        for i, item in enumerate(x):
            fits(item, schema.get("items", True), root, f"{at}[{i}]")
    if isinstance(x, dict):
        if len(x) < schema.get("minProperties", 0):
            raise Fail(f"{at}: too few keys")
        for key, value in x.items():
            fits(key, schema.get("propertyNames", True), root, f"{at}: key {key}")
            for wanted in schema.get("dependencies", {}).get(key, []):
                if wanted not in x:
                    raise Fail(f"{at}: {key} without {wanted}")
            fits(value, schema.get("properties", {}).get(key, schema.get("additionalProperties", True)), root, f"{at}.{key}")
    for sub in schema.get("allOf", []):
        fits(x, sub, root, at)
    if "if" in schema and not trouble(x, schema["if"], root):
        fits(x, schema.get("then", True), root, at)
    for word in ("anyOf", "oneOf"):
        why = [trouble(x, sub, root, at) for sub in schema.get(word, [])]
        good = sum(not w for w in why)
        if why and (good != 1 if word == "oneOf" else not good):
            raise Fail(f"{at}: {good} of {word} fit; " + "; ".join(w for w in why if w)[:300])
    if "not" in schema and not trouble(x, schema["not"], root):
        raise Fail(f"{at}: matches what it must not")


def trouble(x, schema, root, at="document"):
    try:
        fits(x, schema, root, at)
    except Fail as e:
        return str(e)
    return ""


def keywords(schema):
    """All there are, to see that none of them is passed over."""
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for key, value in schema.items():
        subs = value.values() if key in ("properties", "definitions") else value if key in ("oneOf", "anyOf", "allOf") else [value]
        found |= set().union(*[keywords(s) for s in subs]) if key not in ("const", "enum", "required", "type", "dependencies") else set()
    return found


def place(schema, path):
    for part in path:
        schema = schema[part]
    return set(schema)


class Test:
    def __init__(self, tool, schema):
        self.tool, self.schema, self.passed, self.failed = tool, schema, 0, 0

    def told(self, name, why):
        self.passed, self.failed = self.passed + (not why), self.failed + bool(why)
        if why:
            print(f"FAIL {name}: {why}", flush=True)

    def read(self, files):
        return json.loads(subprocess.run([self.tool] + files, capture_output=True, check=True).stdout)

    def read_text(self, text):
        with tempfile.TemporaryDirectory() as temp:
            path = os.path.join(temp, "whole.yml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return self.read([path])

    def misfits(self, docs):
        return [f"{os.path.basename(d['file'])}: {why}" for d in docs for why in [trouble(d["doc"], self.schema, self.schema)] if why]

    def words(self):
        whole, wrong = self.read_text(WHOLE), self.read_text(WORDS)
        self.told("a file with everything loads", whole["errors"])
        self.told("a file with everything fits", "; ".join(self.misfits(whole["docs"])))
        words = {**whole["words"], **{k: v for k, v in wrong["words"].items() if k not in whole["words"]}}
        unknown = self.read_text(RULE.replace("EventID", "x|zzzzzzzz"))["words"]
        for what in sorted((set(words) | set(PLACES)) - OF_LOGSOURCES):
            there = place(self.schema, PLACES[what]) if what in PLACES else set()
            there -= REFUSED_KEYS if what == "document" else set()
            self.told(f"words of {what}", differ(set(words.get(what, [])), there) if what in PLACES else "the schema has no place for them")
        pattern = self.schema["definitions"]["selection"]["propertyNames"]["pattern"]
        mine = set(re.search(r"\]\(([a-z0-9|]+)\)", pattern).group(1).split("|"))
        self.told("modifiers", differ(set(unknown.get("modifier", [])) - REFUSED_MODIFIERS, mine))
        for what in SOURCES:
            enum = self.schema["properties"]["logsource"]["properties"][what]["enum"]
            self.told(f"names of {what}", differ(set(whole[what]), set(enum)) and "tests/schema.py --write brings them up to date")

    def built_in(self):
        files = sorted(glob.glob(os.path.join(ROOT, "signatures", "*", "*.yml")))
        read = self.read(files)
        self.told("built-in signatures load", read["errors"])
        for d in read["docs"]:
            self.told(f"{os.path.basename(d['file'])} fits", trouble(d["doc"], self.schema, self.schema))

    def corpus(self):
        files = sorted(glob.glob(os.path.join(ROOT, "..", "shared", "corpus", "sigma", "*", "*.yml")))
        for path in files:
            read = self.read([path])
            if not read["errors"]:
                self.told(f"{os.path.basename(path)} loads and fits", "; ".join(self.misfits(read["docs"])))
        return len(files)

    def broken(self):
        for base, changes in ((WHOLE, BROKEN), (RULE, BROKEN_RULE)):
            for old, new in changes:
                assert base.count(old) >= 1, old
                text = base.replace(old, new, 1)
                read = self.read_text(text)
                self.told(f"'{old.strip()}' as '{new.strip()}' is refused by the loader", "" if read["errors"] else "it loads")
                self.told(f"'{old.strip()}' as '{new.strip()}' does not fit", "" if self.misfits(read["docs"]) else "it fits")


def differ(loader, schema):
    return "; ".join([f"the loader knows {w}, the schema does not" for w in sorted(loader - schema)] +
                     [f"the schema has {w}, the loader does not" for w in sorted(schema - loader)])


def write(test):
    sources = test.read_text(RULE)
    text = open(SCHEMA, encoding="utf-8").read()
    for what in SOURCES:
        names = json.dumps(list(dict.fromkeys(sources[what])))
        text, n = re.subn(r'("%s": \{\s*"enum": )\[[^\]]*\]' % what, lambda m: m.group(1) + names, text)
        assert n == 1, what
    with open(SCHEMA, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--signature-json", default=os.path.join(ROOT, "build/tests/signature_json"))
    a.add_argument("--write", action="store_true")
    o = a.parse_args()
    test = Test(os.path.abspath(o.signature_json), json.load(open(SCHEMA, encoding="utf-8")))
    if o.write:
        return write(test)
    test.told("keywords of the schema", ", ".join(sorted(keywords(test.schema) - KNOWN)))
    test.words()
    test.built_in()
    test.broken()
    skipped = 0 if test.corpus() else 1
    print(f"{test.passed} passed, {test.failed} failed, {skipped} skipped")
    return test.failed > 0


if __name__ == "__main__":
    sys.exit(main())

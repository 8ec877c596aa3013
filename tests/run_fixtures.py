#!/usr/bin/env python3
"""Every fixture bundle through the program: the verdicts, the form of the report, and what must never happen.

    python3 tests/run_fixtures.py [--vmsift build/vmsift] [--mkfixture build/tests/mkfixture] [--only TEXT] [PART…]

PART: verdicts (schema, same bytes in another time zone, the folder as it stands; of fixtures/bundles also expect.json),
mutation (no verdict of fixtures/bundles falls to ruled_out because a kind of source is missing), case (each bundle twice
as one case says what it says once; parted into two it loses no verdict to ruled_out), truncation (every bundle and every
member cut at many lengths). Of every signature they take one case, unless TEXT names more. What fixtures/signatures expect, and their mutation, is `vmsift signatures test`.
fixtures/README.md describes expect.json. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import concurrent.futures
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERDICTS = ["confirmed", "likely", "possible", "cannot_tell", "ruled_out"]
RFC = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")


class Fail(Exception):
    pass


def need(ok, what):
    if not ok:
        raise Fail(what)


# ---- bundles

def stage(case, temp):
    """The case's own files and those it includes, in one folder that mkfixture can read."""
    e, to = case.expect, os.path.join(temp, "stage")
    own = os.path.join(case.path, "bundle")
    os.mkdir(to)
    if os.path.isdir(own):
        shutil.copytree(own, to, dirs_exist_ok=True)
        settle_base(own, os.path.join(to, "bundle.txt"))
    included = os.path.join(case.path, e.get("include", "."), "bundle")
    for path, name in names_below(included) if "include" in e else []:
        if any(name.startswith(beginning) for beginning in e.get("drop", [])):
            continue
        for old, new in e.get("rename", []):
            if name.startswith(old):
                name = new + name[len(old):]
                break
        for again in places(e, name) if name != "bundle.txt" else []:
            os.makedirs(os.path.dirname(os.path.join(to, again)), exist_ok=True)
            shutil.copyfile(path, os.path.join(to, again))
    if e.get("flatten"):
        flatten(to)
    for name, again in e.get("copy", {}).items():
        os.makedirs(os.path.dirname(os.path.join(to, again)), exist_ok=True)
        shutil.copyfile(os.path.join(to, name), os.path.join(to, again))
    for name, tail in e.get("append", {}).items():
        os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
        with open(os.path.join(to, name), "ab") as f:
            f.write(bytes.fromhex(tail))
    return to


def settle_base(own, directives):
    """`base` is relative to the case's folder, and the copy lies elsewhere."""
    if os.path.exists(directives):
        lines = open(directives, encoding="utf-8").read().splitlines()
        lines = ["base " + os.path.abspath(os.path.join(own, line[5:].strip())) if line.startswith("base ") else line for line in lines]
        with open(directives, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def places(e, name):
    """Where an included file goes: once, or into every bundle of a case that wants it."""
    if "inputs" not in e:
        return [name]
    return [f"{bundle}.d/{name}" for bundle, parts in e["inputs"].items() if any(p in name for p in parts)]


def names_below(folder):
    found = []
    for at, _, files in os.walk(folder):
        found += [os.path.join(at, f) for f in files]
    return [(p, os.path.relpath(p, folder).replace(os.sep, "/")) for p in sorted(found)]


def flatten(folder):
    seen = {}
    for path, name in names_below(folder):
        if "/" in name:
            base = name.rsplit("/", 1)[1]
            n = seen[base.lower()] = seen.get(base.lower(), 0) + 1
            stem, dot, ext = base.partition(".")
            os.rename(path, os.path.join(folder, base if n == 1 else f"{stem} ({n}){dot}{ext}"))


def clear_name_flags(path):
    """Names in a code page carry no flag; libarchive sets that of UTF-8 on all names outside ASCII."""
    with open(path, "r+b") as f:
        z = bytearray(f.read())
        end = z.rfind(b"PK\5\6")
        count, at = int.from_bytes(z[end + 10:end + 12], "little"), int.from_bytes(z[end + 16:end + 20], "little")
        for _ in range(count):
            local = int.from_bytes(z[at + 42:at + 46], "little")
            z[at + 9] &= ~8
            z[local + 7] &= ~8
            at += 46 + sum(int.from_bytes(z[at + k:at + k + 2], "little") for k in (28, 30, 32))
        f.seek(0)
        f.write(z)


def make(o, case, temp, form=None):
    """Returns the arguments that name the bundle."""
    form = form or case.form
    loose = form in ("folder", "file", "case")
    to = os.path.join(temp, "bundle" if loose else "bundle." + form)
    p = subprocess.run([o.mkfixture, stage(case, temp)] + (["-folder"] if loose else []) + [to],
                       capture_output=True, text=True, env=dict(os.environ, TZ="UTC"))
    need(p.returncode == 0, f"mkfixture: {p.stderr.strip()[-300:]}")
    if form == "case":
        return ["--case"] + [os.path.join(to, name) for name in sorted(os.listdir(to))]
    if case.expect.get("name_flags") == "none":
        clear_name_flags(to)
    if form == "file":
        found = [path for path, name in names_below(to) if name.endswith(case.expect["only"])]
        need(len(found) == 1, f"{case.expect['only']}: {len(found)} files of that name")
        return found
    return [to]


def members_of(o, case, temp):
    with zipfile.ZipFile(make(o, case, temp, "zip")[0]) as z:
        return [(i, z.read(i)) for i in z.infolist() if not i.filename.endswith("/")]


def zip_bytes(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for info, data in members:
            again = zipfile.ZipInfo(info.filename, info.date_time)
            again.filename = info.filename
            z.writestr(again, data)
    return out.getvalue()


# ---- the program

def run(vmsift, args, timeout=60, zone="UTC"):
    env = dict(os.environ, TZ=zone, LC_ALL="C.UTF-8", NO_COLOR="1")
    try:
        p = subprocess.run([vmsift] + args, capture_output=True, timeout=timeout, env=env, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Fail(f"no end after {timeout} s") from None
    need(p.returncode in (0, 1, 2, 3, 4, 5), f"exit status {p.returncode}: {p.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    return p


def report_of(p):
    try:
        return json.loads(p.stdout)
    except ValueError as x:
        raise Fail(f"invalid JSON ({x}); stderr: {p.stderr.decode('utf-8', 'replace').strip()[-300:]}") from None


def text_of(x):
    return json.dumps(x, ensure_ascii=False)


def has(x, needle):
    t = text_of(x).lower()
    return needle.lower() in t or json.dumps(needle, ensure_ascii=False)[1:-1].lower() in t


# ---- the form of the report

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(x, name):
    if name == "integer":
        return isinstance(x, int) and not isinstance(x, bool)
    if name == "number":
        return isinstance(x, (int, float)) and not isinstance(x, bool)
    return isinstance(x, TYPES[name])


def conforms(x, schema, root, at="report"):
    """The part of JSON Schema that docs/ uses. Raises at the first difference."""
    if schema is True:
        return
    need(schema is not False, f"{at}: not allowed")
    if "$ref" in schema:
        to = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            to = to[part]
        conforms(x, to, root, at)
    kinds = schema.get("type")
    if kinds:
        kinds = [kinds] if isinstance(kinds, str) else kinds
        need(any(is_type(x, k) for k in kinds), f"{at}: {text_of(x)[:60]} is not {' or '.join(kinds)}")
    need("const" not in schema or x == schema["const"], f"{at}: {x!r} is not {schema.get('const')!r}")
    need("enum" not in schema or x in schema["enum"], f"{at}: {x!r} is none of {schema.get('enum')}")
    if isinstance(x, str):
        need("pattern" not in schema or re.search(schema["pattern"], x), f"{at}: {x!r} does not match {schema.get('pattern')}")
        need(len(x) >= schema.get("minLength", 0), f"{at}: too short")
    if is_type(x, "number"):
        need(x >= schema.get("minimum", x), f"{at}: {x} is below {schema.get('minimum')}")
    if isinstance(x, list):
        need(len(x) >= schema.get("minItems", 0) and len(x) <= schema.get("maxItems", len(x)), f"{at}: {len(x)} items")
        for i, item in enumerate(x):
            conforms(item, schema.get("items", True), root, f"{at}[{i}]")
    if isinstance(x, dict):
        for k in schema.get("required", []):
            need(k in x, f"{at}: no {k}")
        for k, v in x.items():
            conforms(v, schema.get("properties", {}).get(k, schema.get("additionalProperties", True)), root, f"{at}.{k}")
    for sub in schema.get("allOf", []):
        conforms(x, sub, root, at)
    for word, want in (("anyOf", None), ("oneOf", 1)):
        if word in schema:
            good, why = 0, ""
            for sub in schema[word]:
                try:
                    conforms(x, sub, root, at)
                    good += 1
                except Fail as e:
                    why = str(e)
            need(good == want if want else good, f"{at}: {good} of {word} fit; {why}")
    if "not" in schema:
        try:
            conforms(x, schema["not"], root, at)
        except Fail:
            return
        raise Fail(f"{at}: matches what it must not")


def schema_of():
    docs = os.path.join(ROOT, "docs")
    for name in sorted(os.listdir(docs)) if os.path.isdir(docs) else []:
        if name.endswith("schema.json") and "report" in name:
            with open(os.path.join(docs, name)) as f:
                return json.load(f)
    return None


def sane(r):
    need(r.get("schema") == "vmsift-report/1", f"schema is {r.get('schema')!r}")
    for s in r["sources"]:
        need(s.get("status") in ("read", "partial", "damaged", "skipped", "unread"), f"{s.get('path')}: status {s.get('status')!r}")
    for v in r["verdicts"]:
        need(v.get("verdict") in VERDICTS, f"{v.get('id')}: verdict {v.get('verdict')!r}")
        for c in v["conditions"]:
            need(c["value"] in ("true", "false", "unknown"), f"{v['id']}.{c.get('name')}: {c['value']!r}")
            need(c.get("why"), f"{v['id']}.{c.get('name')}: no why")
        for e in v["evidence"]:
            need(e.get("source") and e.get("quote"), f"{v['id']}: evidence without source or quote")
            need("line" in e or "record" in e, f"{v['id']}: evidence without place")
            need("time" not in e or RFC.match(e["time"]), f"{v['id']}: time {e.get('time')!r}")
        if v["verdict"] in ("confirmed", "likely"):
            need(v["evidence"] and v["remedy"], f"{v['id']} is {v['verdict']} without evidence or remedy")
        if v["verdict"] not in ("confirmed", "ruled_out"):
            why = [c for c in v["conditions"] if c["value"] == "unknown"]
            need(why or v["verdict"] != "cannot_tell", f"{v['id']}: cannot_tell, but every condition is known")
    order = [VERDICTS.index(v["verdict"]) for v in r["verdicts"] if not v.get("explained_by")]
    need(order == sorted(order), "verdicts are not best first")


def find_source(r, suffix):
    return [s for s in r["sources"] if s["path"] == suffix or s["path"].endswith("/" + suffix)]


def compare(expect, r):
    verdicts = {v["id"]: v for v in r["verdicts"]}
    for cause, want in expect["verdicts"].items():
        if want == "*":
            continue
        need(cause in verdicts, f"{cause} is not in the report")
        v = verdicts[cause]
        want = [want] if isinstance(want, str) else want
        need(v["verdict"] in want, f"{cause}: {v['verdict']}, expected {' or '.join(want)} ("
             + ", ".join(f"{c['name']}={c['value']}" for c in v["conditions"]) + ")")
    for v in r["verdicts"]:
        need(v["id"] in expect["verdicts"] or v["verdict"] not in ("confirmed", "likely"), f"{v['id']}: {v['verdict']}, and nothing in the bundle says so")
        need(not expect.get("no_positive") or v["verdict"] in ("cannot_tell", "ruled_out"), f"{v['id']}: {v['verdict']} in a healthy bundle")
    for cause, want in expect.get("conditions", {}).items():
        have = {c["name"]: c["value"] for c in verdicts[cause]["conditions"]}
        for name, value in want.items():
            need(have.get(name) == value, f"{cause}.{name}: {have.get(name)}, expected {value}")
    for key, part in (("evidence", "evidence"), ("remedy", "remedy"), ("near", "conditions"), ("verify", "verify"), ("ask", "ask")):
        for cause, needles in expect.get(key, {}).items():
            for n in needles:
                hay = verdicts[cause].get(part)
                if key == "near":
                    hay = [c.get("nearest") for c in hay]
                need(has(hay, n), f"{cause}: no {n!r} in {key}: {text_of(hay)[:300]}")
    for suffix, want in expect.get("sources", {}).items():
        rows = find_source(r, suffix)
        need(rows, f"no source {suffix}")
        if want == "*":
            continue
        want = {"status": want} if isinstance(want, str) else want
        for k, value in want.items():
            need(any(s.get(k) == value for s in rows), f"{suffix}: {k} is {rows[0].get(k)!r} ({rows[0].get('note', '')}), expected {value!r}")
    for part in expect.get("no_source", []):
        need(not any(part in s["path"] for s in r["sources"]), f"a source below {part}")
    codes = {e["code"]: e for e in r["errors"]}
    for code in expect.get("errors", []):
        need(code in codes, f"errors[] lacks {code}")
        need(codes[code].get("symbol") and codes[code].get("meaning"), f"{code} is not decoded")
    for symbol in expect.get("symbols", []):
        need(any(e.get("symbol") == symbol for e in r["errors"]), f"errors[] lacks {symbol}")
    for kind, count in expect.get("episodes", {}).items():
        n = sum(e["kind"] == kind for e in r["episodes"])
        need(n == count, f"{n} episodes of kind {kind}, expected {count}")
    for k, value in expect.get("bundle", {}).items():
        need(r["bundle"].get(k) == value, f"bundle.{k}: {r['bundle'].get(k)!r}, expected {value!r}")
    for cause in expect.get("collect", {}):
        for n in expect["collect"][cause]:
            need(any(has(row, n) and cause in row["decides"] for row in r["collect_next"]), f"collect_next has no row about {n!r} that decides {cause}")
    for cause in expect.get("collect_not", {}):
        for n in expect["collect_not"][cause]:
            need(not any(has(row, n) and cause in row["decides"] for row in r["collect_next"]), f"collect_next has a row about {n!r} that decides {cause}")
    if "modes" in expect:
        ways = [way for row in r["collect_next"] for way in row["how"]]
        modes = sorted({m.group(1) for m in (re.search(r"report of the OS disk, mode (\S+?)(?: \(without .*\))?\. ", w) for w in ways) if m})
        need(modes == sorted(expect["modes"]), f"collect_next proposes the modes {modes}, expected {expect['modes']}")
    for source, why in expect.get("not_here", {}).items():
        rows = [a for a in r["absent"] if has(a["source"], source)]
        need(rows, f"absent[] has no {source!r}")
        need(any(has(a["why"], why) for a in rows), f"absent[] says of {source!r}: {rows[0]['why']!r}, not {why!r}")


# ---- cases

class Case:
    def __init__(self, path):
        self.path = path
        self.name = os.path.relpath(path, os.path.join(ROOT, "fixtures"))
        with open(os.path.join(path, "expect.json")) as f:
            self.expect = json.load(f)
        self.form = self.expect.get("form", "zip")
        self.args = self.expect.get("args", [])


def check_expected(o, case, args, p, r, term):
    e = case.expect
    need(p.returncode == e.get("exit", 0), f"exit status {p.returncode}, expected {e.get('exit', 0)}: {p.stderr.decode('utf-8', 'replace').strip()[-200:]}")
    compare(e, r)
    for s in e.get("absent", []):
        need(s.encode() not in p.stdout, f"the report repeats {s!r}")
    for s in e.get("term", []):
        need(s.encode() in term.stdout, f"the terminal report does not show {s!r}")
    if "exit_code" in e:
        code = run(o.vmsift, args[:3] + ["--exit-code"] + args[3:]).returncode
        need(code in e["exit_code"], f"--exit-code gives {code}, expected {e['exit_code']}")


def check_verdicts(o, case):
    e = case.expect
    with tempfile.TemporaryDirectory() as temp:
        bundle = make(o, case, temp)
        args = ["analyze", "--format", "json"] + case.args + bundle
        p = run(o.vmsift, args)
        r = report_of(p)
        if o.schema:
            conforms(r, o.schema, o.schema)
        sane(r)
        need(run(o.vmsift, args, zone="Asia/Tokyo").stdout == p.stdout, "other bytes under TZ=Asia/Tokyo")
        term = run(o.vmsift, ["analyze"] + case.args + bundle)
        need(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", term.stdout), "control bytes in the terminal report")
        if not case.name.startswith("signatures/"):
            check_expected(o, case, args, p, r, term)
        if e.get("folder", "include" not in e and not os.path.exists(os.path.join(case.path, "bundle/bundle.txt"))):
            q = run(o.vmsift, args[:-1] + [os.path.join(case.path, "bundle")])
            compare({k: v for k, v in e.items() if k in ("verdicts", "args", "conditions")}, report_of(q))


def kinds_of(report):
    kinds = {}
    for s in report["sources"]:
        if "!/" not in s["path"]:
            kinds.setdefault(s["kind"], set()).add(s["path"])
            if s["kind"] == "evtx":
                kinds.setdefault(s["path"], set()).add(s["path"])
    return kinds


def check_mutation(o, case):
    """Returns the number of mutants tried; 0: nothing to do."""
    with tempfile.TemporaryDirectory() as temp:
        members = members_of(o, case, temp)
        whole = report_of(run(o.vmsift, ["analyze", "--format", "json"] + case.args + [os.path.join(temp, "bundle.zip")]))
        stated = {v["id"]: v["verdict"] for v in whole["verdicts"] if v["verdict"] in ("confirmed", "likely")}
        tried = 0
        for kind, paths in sorted(kinds_of(whole).items()) if stated else []:
            rest = [m for m in members if m[0].filename not in paths]
            if not rest or len(rest) == len(members):
                continue
            mutant = os.path.join(temp, "mutant.zip")
            with open(mutant, "wb") as f:
                f.write(zip_bytes(rest))
            r = report_of(run(o.vmsift, ["analyze", "--format", "json"] + case.args + [mutant]))
            now = {v["id"]: v for v in r["verdicts"]}
            for cause, was in stated.items():
                got = now[cause]["verdict"]
                told = ", ".join(f"{c['name']}={c['value']} ({c.get('why', '')})" for c in now[cause]["conditions"] if c["role"] == "required")
                need(got != "ruled_out", f"{cause} was {was}; without {kind} it is ruled_out: {told}")
                need(VERDICTS.index(got) >= VERDICTS.index(was), f"{cause} was {was}; without {kind} it is {got}: {told}")
            tried += 1
        return tried


def told(r):
    """What a report says, whichever of several copies it cites."""
    verdicts = {v["id"]: (v["verdict"], sorted((c["name"], c["value"]) for c in v["conditions"]),
                          sorted((e["condition"], e.get("time", ""), e["quote"]) for e in v["evidence"])) for v in r["verdicts"]}
    episodes = sorted((e["kind"], e.get("start", ""), e["outcome"], e.get("stage", 0)) for e in r["episodes"])
    return {"verdicts": verdicts, "episodes": episodes, "errors": [(e["code"], e["count"]) for e in r["errors"]],
            "changes": [(c["time"], c["what"]) for c in r["changes"]]}


def check_case(o, case):
    """The bundle twice says what it says once; parted by kinds of source it says no less than may be lost with the parting."""
    with tempfile.TemporaryDirectory() as temp:
        members = members_of(o, case, temp)
        once, again = os.path.join(temp, "bundle.zip"), os.path.join(temp, "again.zip")
        shutil.copyfile(once, again)
        args = ["analyze", "--format", "json"] + case.args
        whole = report_of(run(o.vmsift, args + [once]))
        twice = run(o.vmsift, args + ["--case", once, again])
        r = report_of(twice)
        if o.schema:
            conforms(r, o.schema, o.schema)
        sane(r)
        need(twice.stdout == run(o.vmsift, args + ["--case", once, again]).stdout, "a second run of the case prints other bytes")
        if len({s["path"] for s in whole["sources"]}) == len(whole["sources"]):
            have, want = told(r), told(whole)
            for part in want:
                need(have[part] == want[part], f"twice the same bundle: {part} are {text_of(have[part])[:300]}, once {text_of(want[part])[:300]}")
        stated = {v["id"]: v["verdict"] for v in whole["verdicts"] if v["verdict"] in ("confirmed", "likely")}
        tried = 1
        for kind, paths in sorted(kinds_of(whole).items()) if stated else []:
            parts = [m for m in members if m[0].filename in paths], [m for m in members if m[0].filename not in paths]
            if not parts[0] or not parts[1]:
                continue
            for path, part in zip((once, again), parts):
                with open(path, "wb") as f:
                    f.write(zip_bytes(part))
            now = {v["id"]: v for v in report_of(run(o.vmsift, args + ["--case", once, again]))["verdicts"]}
            for cause, was in stated.items():
                got = now[cause]["verdict"]
                why = ", ".join(f"{c['name']}={c['value']} ({c.get('why', '')})" for c in now[cause]["conditions"] if c["role"] == "required")
                need(got != "ruled_out" and VERDICTS.index(got) >= VERDICTS.index(was), f"{cause} was {was}; with {kind} in a bundle of its own it is {got}: {why}")
            tried += 1
        return tried


def cuts_of(size, count, seed):
    rnd = random.Random(seed)
    usual = [0, 1, 2, 4, 8, 22, 30, size // 2, size - 1, size - 2, size - 22]
    return sorted({n for n in usual + [rnd.randrange(size + 1) for _ in range(count)] if 0 <= n < size})


def truncations(o, case):
    """One job a cut: (label, the bundle's bytes or its members, file name)."""
    with tempfile.TemporaryDirectory() as temp:
        if case.form in ("zip", "7z", "tar.gz"):
            with open(make(o, case, temp)[0], "rb") as f:
                whole = f.read()
            for n in cuts_of(len(whole), 6, case.name):
                yield f"{case.name}: {case.form} cut at {n} of {len(whole)}", whole[:n], "cut." + case.form
    if "include" in case.expect:
        return
    with tempfile.TemporaryDirectory() as temp:
        members = members_of(o, case, temp)
    for i, (info, data) in enumerate(members):
        for n in cuts_of(len(data), 3, case.name + info.filename):
            yield f"{case.name}: {info.filename} cut at {n} of {len(data)}", members[:i] + [(info, data[:n])] + members[i + 1:], "cut-member.zip"


def check_cut(o, job):
    label, what, name = job
    with tempfile.TemporaryDirectory() as temp:
        path = os.path.join(temp, name)
        with open(path, "wb") as f:
            f.write(what if isinstance(what, bytes) else zip_bytes(what))
        try:
            p = run(o.vmsift, ["analyze", "--format", "json", path], timeout=5)
            need(p.returncode in (0, 2), f"exit status {p.returncode}")
            sane(report_of(p))
        except Fail as x:
            return f"{label}: {x}"
    return ""


def a_case_each(cases):
    """All of fixtures/bundles, and of every signature the first case that is made from its own files alone."""
    few = {}
    for c in cases:
        folder = os.path.dirname(c.name)
        few.setdefault(c.name if folder == "bundles" else folder if "include" not in c.expect else c.name + "?", c)
    return [c for key, c in few.items() if not key.endswith("?")]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--vmsift", default=os.path.join(ROOT, "build/vmsift"))
    a.add_argument("--mkfixture", default=os.path.join(ROOT, "build/tests/mkfixture"))
    a.add_argument("--only", default="", help="only cases whose name holds this")
    a.add_argument("--seconds", type=float, default=60, help="how long truncation may take")
    a.add_argument("parts", nargs="*", default=[])
    o = a.parse_args()
    o.vmsift, o.mkfixture, o.schema = os.path.abspath(o.vmsift), os.path.abspath(o.mkfixture), schema_of()
    parts = o.parts or ["verdicts", "mutation", "case", "truncation"]
    passed = failed = skipped = 0

    def told_of(name, why, note=""):
        nonlocal passed, failed
        passed, failed = passed + (not why), failed + bool(why)
        print(("FAIL " if why else "ok   ") + name + (f": {why}" if why else note), flush=True)

    cases = []
    for at, dirs, files in os.walk(os.path.join(ROOT, "fixtures")):
        dirs.sort()
        if "expect.json" in files:
            dirs[:] = []
            cases.append(Case(at))
    cases = sorted((c for c in cases if o.only in c.name), key=lambda c: c.name)
    need(cases, "no fixtures")
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2)

    def guarded(check, case):
        try:
            return check(o, case), ""
        except Fail as x:
            return 0, str(x)
        except (KeyError, TypeError, AttributeError, ValueError, OSError) as x:
            return 0, f"cannot be compared: {type(x).__name__}: {x}"

    few = cases if o.only else a_case_each(cases)
    if "verdicts" in parts:
        if not o.schema:
            skipped += 1
            print("skip schema: no report schema in docs/")
        for case, (_, why) in zip(few, pool.map(lambda c: guarded(check_verdicts, c), few)):
            told_of(case.name, why)
    if "mutation" in parts:
        own = [c for c in cases if c.expect.get("mutation", "include" not in c.expect) and not c.name.startswith("signatures/")]
        for case, (tried, why) in zip(own, pool.map(lambda c: guarded(check_mutation, c), own)):
            if tried or why:
                told_of(f"mutation {case.name}", why, f" ({tried} kinds of source dropped in turn)")
    if "case" in parts:
        own = [c for c in few if "include" not in c.expect and c.form == "zip"]
        for case, (tried, why) in zip(own, pool.map(lambda c: guarded(check_case, c), own)):
            told_of(f"case {case.name}", why, f" ({tried} cases)")
    if "truncation" in parts:
        jobs = [j for c in few for j in truncations(o, c)]
        random.Random(1).shuffle(jobs)
        end, done, bad = time.monotonic() + o.seconds, 0, []
        for at in range(0, len(jobs), 64):
            if time.monotonic() > end:
                break
            for why in pool.map(lambda j: check_cut(o, j), jobs[at:at + 64]):
                done += 1
                if why:
                    bad.append(why)
        for why in bad[:20]:
            print(f"FAIL truncation {why}")
        told_of("truncation", f"{len(bad)} of {done} cuts" if bad else "", f" ({done} of {len(jobs)} cuts tried)")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

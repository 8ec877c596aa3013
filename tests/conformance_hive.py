#!/usr/bin/env python3
"""conformance_hive.py --vmsift PATH --mkfixture PATH [HIVE, ZIP or FOLDER]...

Every key, time and value of registry hives as `vmsift dump` tells them, against other readers of the format:
  hivexml   of hivex: hives that were closed (it replays no logs); times to the second
  reg_dump  of notatin (cargo install notatin --features build-binary): all of it, logs included, byte for byte
and dirty hives, replayed, against the same hive saved clean. Hives: those of the fixtures, ones made at random (from a
fixed seed), and what is named. A reader that is not installed is skipped, and said so. The last line sums up."""
import argparse
import base64
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TYPES = ["REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
         "REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
         "REG_QWORD"]


def without_nul(text):
    return text[:-1] if text.endswith("\0") else text


def told(number, raw):
    """Type and data of a value, of its bytes."""
    name = TYPES[number] if number < len(TYPES) else "type 0x%x" % number
    size = {"REG_DWORD": 4, "REG_DWORD_BIG_ENDIAN": 4, "REG_QWORD": 8}.get(name)
    if size and len(raw) == size:
        return name, int.from_bytes(raw, "big" if number == 5 else "little")
    if name in ("REG_SZ", "REG_EXPAND_SZ", "REG_LINK", "REG_MULTI_SZ"):
        try:
            text = raw.decode("utf-16-le")
        except UnicodeDecodeError:
            return name, "hex " + raw.hex()
        if name != "REG_MULTI_SZ":
            return name, without_nul(text)
        text = without_nul(without_nul(text))
        return name, text.split("\0") if text else []
    return name, "hex " + raw.hex()


class Tree:
    """Keys in their order: path below the root, time, values in their order."""

    def __init__(self):
        self.keys = []

    def key(self, path, time):
        self.keys.append((path, time, []))

    def value(self, name, kind, data):
        self.keys[-1][2].append((name, kind, data))


def ours(vmsift, path):
    tree, done = Tree(), subprocess.run([vmsift, "dump", path], capture_output=True, check=True)
    root = None
    *damage, tree.note = done.stderr.decode().splitlines()
    for line in damage:
        tree.key(line, None)
    for line in done.stdout.decode().splitlines():
        row = json.loads(line)
        if "name" in row:
            tree.value(row["name"], row["type"], row["data"] if "data" in row else "hex " + row["hex"])
        else:
            root = row["key"] if root is None else root
            tree.key(row["key"][len(root):], row.get("time"))
    return tree


def hivexml(path):
    """Its texts end at the first NUL, and its lists hold the empty text that ends them."""
    kinds = {"string": 1, "expand": 2, "int32": 4, "int64": 11, "string-list": 7, "binary": 3, "none": 0, "link": 6,
             "resource-list": 8, "resource-description": 9, "resource-requirements": 10}
    tree = Tree()

    def bytes_of(e):
        text = e.get("value") or ""
        return base64.b64decode(text) if e.get("encoding") == "base64" else text

    def walk(node, path):
        tree.key(path, node.findtext("mtime"))
        for e in node.findall("value"):
            number = kinds.get(e.get("type"))
            data = bytes_of(e)
            if number in (4, 11) and isinstance(data, str):
                data = int(data) % (1 << (32 if number == 4 else 64))
            elif number == 7:
                data = [base64.b64decode(s.text or "").decode("utf-16-le") if s.get("encoding") == "base64"
                        else s.text or "" for s in e.findall("string")]
            elif number not in (1, 2, 6) or isinstance(data, bytes):
                data = told(number, data if isinstance(data, bytes) else data.encode())[1]
            tree.value("" if e.get("default") else e.get("key"), TYPES[number], data)
        for child in node.findall("node"):
            walk(child, path + "\\" + child.get("name"))

    done = subprocess.run(["hivexml", path], capture_output=True, check=False)
    if done.returncode != 0:
        return done.stderr.decode(errors="replace").strip().splitlines()[-1]
    walk(ElementTree.fromstring(done.stdout.decode()).find("node"), "")
    return tree


def reg_dump(path):
    tree = Tree()
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        done = subprocess.run(["reg_dump", "-i", path, "-o", out, "-t", "common"], capture_output=True, check=False)
        if done.returncode != 0 or not os.path.exists(out):
            return "cannot read this hive: " + done.stderr.decode(errors="replace").strip()[-100:]
        lines = open(out, encoding="utf-8", newline="\n").read().splitlines()
    root = last = None
    for line in lines:
        key = re.match(r"key,A,\d+,(.*),,,,(\S+)$", line)
        if key:
            root = key[1] if root is None else root
            last = key[1].rsplit("\\", 1)[-1]
            tree.key(key[1][len(root):], key[2])
        value = re.match(r"value,A,\d+,(.*),(\d+),((?:[0-9A-F]{2} ?)*),$", line)
        if value and value[1].startswith(last + ","):
            name = value[1][len(last) + 1:]
            tree.value("" if name == "(default)" else name, *told(int(value[2]), bytes.fromhex(value[3])))
    return tree


class Score:
    def __init__(self):
        self.values = self.equal = self.hives = 0
        self.known = {}
        self.wrong = []

    def differs(self, why, text):
        if why:
            self.known[why] = self.known.get(why, 0) + 1
        else:
            self.wrong.append(text)

    def compare(self, name, a, b, known):
        """`known(a, b)`: the reason why these two differ, or None."""
        self.hives += 1
        if [k[0] for k in a.keys] != [k[0] for k in b.keys]:
            only = set(k[0] for k in a.keys) ^ set(k[0] for k in b.keys)
            self.wrong.append("%s: other keys: %s" % (name, sorted(only)[:3]))
            return
        for (path, time, values), (_, time_b, values_b) in zip(a.keys, b.keys):
            self.one("%s: %s" % (name, path), time, time_b, known)
            if len(values) != len(values_b):
                self.wrong.append("%s: %s: %d values, not %d" % (name, path, len(values), len(values_b)))
                continue
            for v, w in zip(values, values_b):
                self.one("%s: %s\\%s" % (name, path, v[0]), v, w, known)

    def one(self, where, a, b, known):
        self.values += 1
        if a == b:
            self.equal += 1
        else:
            self.differs(known(a, b), "%s: %.120r, not %.120r" % (where, a, b))


def known_to_all(a, b):
    return "secrets are masked in a dump" if a[:2] == b[:2] and a[2] == "***" else None


def known_hivexml(a, b):
    if isinstance(a, str) and isinstance(b, str):
        return "hivexml: times to the second" if a[:19] == b[:19] else None
    if (a[0], a[2]) == (b[0], b[2]) and (a[1], b[1]) == ("REG_DWORD_BIG_ENDIAN", "REG_DWORD"):
        return "hivexml: one name for numbers of either byte order"
    if a[:2] == b[:2]:
        if a[1] == "REG_MULTI_SZ" and a[2] + [""] == b[2]:
            return "hivexml: the empty text that ends a list is one of its texts"
        if a[1] in ("REG_SZ", "REG_EXPAND_SZ", "REG_LINK") and str(a[2]).split("\0")[0] == b[2]:
            return "hivexml: texts end at the first NUL"
        if a[1] == "REG_BINARY" and len(a[2]) > 2 * 16344 and a[2][:-2] == b[2]:
            return "hivexml: loses the last segment of large data when that is one byte"
    return known_to_all(a, b)


def known_nothing(_a, _b):
    return None


# --- hives made at random ---------------------------------------------------------------------------------------------

def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Maker:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-_{}"
    others = "äöüßéñÅçЖдшλΩ検査状態一二三😀"

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.paths = []

    def name(self):
        pool = self.letters if self.r.random() < 0.8 else self.letters + self.others
        return "".join(self.r.choice(pool) for _ in range(self.r.randint(1, 30))).strip(" .-[]") or "x"

    def data(self):
        r, kind = self.r, self.r.randrange(9)
        if kind == 0:
            return "dword:%08x" % r.getrandbits(32)
        if kind == 1:
            return "qword:%016x" % r.getrandbits(64)
        if kind == 2:
            return "expand:" + quoted("%SystemRoot%\\" + self.name())
        if kind == 3:
            return "multi:" + ",".join(quoted(self.name()) for _ in range(r.randint(1, 4)))
        if kind == 4:
            return "hex:" + ",".join("%02x" % r.getrandbits(8) for _ in range(r.randint(1, 40)))
        if kind == 5:
            return "hex(%x):%02x,00,%02x,80" % (r.choice([0, 5, 8, 9, 10]), r.getrandbits(8), r.getrandbits(8))
        if kind == 6 and r.random() < 0.2:
            return "fill:%d:%02x" % (r.choice([16343, 16344, 16345, 32688, 32689, 70000]), r.getrandbits(7))
        return quoted(" ".join(self.name() for _ in range(r.randint(0, 6))))

    def key(self):
        if self.paths and self.r.random() < 0.3:
            return self.r.choice(self.paths)
        path = "\\".join(filter(None, [self.r.choice(self.paths) if self.paths and self.r.random() < 0.8 else "", self.name()]))
        self.paths.append(path)
        return path

    def keys(self, count):
        lines = []
        for _ in range(count):
            lines.append("[" + self.key() + "]")
            lines.append("time 20%02d-0%d-1%dT0%d:00:00.%07dZ" % tuple(self.r.randint(a, b) for a, b in ((10, 26), (1, 9), (0, 9), (0, 9), (0, 9999999))))
            lines += [quoted(self.name()) + "=" + self.data() for _ in range(self.r.randint(0, 5))]
            if self.r.random() < 0.2:
                lines.append("@=" + self.data())
        return lines

    def clean(self, kind):
        return ["file SYSTEM", "lists " + kind, "leaf %d" % self.r.randint(2, 40)] + self.keys(400)

    def dirty(self):
        """The text with the changes since the last flush, and the same without a word of when they were made."""
        lines = self.clean("lh") + (["torn"] if self.r.random() < 0.5 else [])
        if self.r.random() < 0.3:
            lines += ["=== " + self.r.choice(["LOG old", "LOG1 old", "LOG2 old"])] + self.keys(40)
        else:
            logs = self.r.choice([["LOG1"], ["LOG2"], ["LOG1", "LOG2"], ["LOG2", "LOG1"]])
            for log in logs:
                for _ in range(self.r.randint(1, 4)):
                    lines += ["=== " + log] + self.keys(self.r.randint(1, 30))
        return lines, [x for x in lines if x != "torn" and not x.startswith("===")]


def make_random(folder):
    def write(name, lines):
        (folder / (name + ".hive.txt")).write_text("\n".join(lines) + "\n", encoding="utf-8")

    for i, kind in enumerate(("lf", "lh", "li", "ri", "ri", "lh")):
        write("random-%s-%d" % (kind, i), Maker(i).clean(kind))
    for i in range(24):
        dirty, clean = Maker(100 + i).dirty()
        write("dirty-%02d" % i, dirty)
        write("dirty-%02d-saved" % i, clean)


# --- all of it --------------------------------------------------------------------------------------------------------

def is_hive(path):
    with open(path, "rb") as f:
        head = f.read(64)
    return head[:4] == b"regf" and head[28:32] == bytes(4)


def is_clean(path):
    with open(path, "rb") as f:
        head = f.read(16)
    return head[4:8] == head[8:12]


def gather(args, work):
    made = work / "made"
    made.mkdir()
    make_random(made)
    subprocess.run([args.mkfixture, made, "-folder", work / "random"], check=True)
    for case in sorted((ROOT / "fixtures/parsers/registry_hive").glob("ok-*")):
        subprocess.run([args.mkfixture, case / "input", "-folder", work / case.name], check=True)
    for i, name in enumerate(args.hives):
        for path in sorted(pathlib.Path(name).rglob("*.zip")) if os.path.isdir(name) else [pathlib.Path(name)]:
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as z:
                    for member in (m for m in z.namelist() if "/config/" in m and not m.endswith("/")):
                        z.extract(member, work / ("named-%d-%s" % (i, path.stem)))
            else:
                shutil.copy(path, work / ("named-%d-%s" % (i, path.name)))
    return sorted(p for p in work.rglob("*") if p.is_file() and is_hive(p))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vmsift", required=True)
    parser.add_argument("--mkfixture", required=True)
    parser.add_argument("hives", nargs="*")
    args = parser.parse_args()
    readers = [("hivexml", hivexml, known_hivexml), ("reg_dump", reg_dump, known_to_all)]
    scores = {name: Score() for name, _, _ in readers}
    replayed = Score()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for path in gather(args, work):
            name, tree = str(path.relative_to(work)), ours(args.vmsift, path)
            for reader, read, known in readers:
                if not shutil.which(reader) or (reader == "hivexml" and not is_clean(path)):
                    continue
                other = read(path)
                if reader == "reg_dump" and " pages of LOG" in tree.note:
                    other = "replays no logs of the old form"
                if isinstance(other, str):
                    scores[reader].differs("%s: %s" % (reader, other), name)
                else:
                    scores[reader].compare(name, tree, other, known)
            saved = path.with_name(path.name + "-saved")
            if saved.exists():
                replayed.compare(name, tree, ours(args.vmsift, saved), known_nothing)
                if "replayed" not in tree.note:
                    replayed.wrong.append(name + ": " + tree.note)
    total = Score()
    for name, score in list(scores.items()) + [("saved clean", replayed)]:
        if name in scores and not shutil.which(name):
            print("registry_hive: %s: skipped, not installed" % name)
            continue
        print("registry_hive: %s: %d hives, %d values and times compared, %d equal" % (name, score.hives, score.values, score.equal))
        for text in score.wrong[:10]:
            print("  differs: " + text)
        total.values += score.values
        total.equal += score.equal
        total.wrong += score.wrong
        total.known.update(score.known)
    known = "; ".join("%d: %s" % (n, why) for why, n in sorted(total.known.items()))
    print("registry_hive: %d values compared, %d equal, %d different%s" % (total.values, total.equal, len(total.wrong), ", known: " + known if known else ""))
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

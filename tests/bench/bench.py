#!/usr/bin/env python3
"""How fast and with how much memory a large bundle is analysed, against bsdtar that only inflates it; and how fast an
event log becomes JSON lines, against evtx_dump, the fastest public reader (crate evtx: cargo install evtx).

    python3 tests/bench/bench.py [--runs 5] [--size 1024] [--corpus DIR]

Makes build/bench/bundle.zip once (seeded: the same bytes every time; `make clean` forgets it): agent logs, logs of the
extension and of other plugins, event logs, an event log exported as XML. Then runs `bsdtar -xOf` and `vmsift analyze
--format json` alternately on it, output to /dev/null, and prints medians.

Event logs of 64 MiB: one out of generated events, and one out of the chunks of the real logs in DIR if it is there (a
chunk is complete in itself, so they are repeated). Three programs alternately on each, 4 × RUNS times: `vmsift dump
--format jsonl`, `evtx_dump -t 1 -o jsonl`, `vmsift analyze`. Ratios are of processor time, evtx_dump to vmsift.

1,000 signatures against 10: the Sigma rules of SIGMA (without it the rules of signatures/), repeated under other names,
each with a cause that asks for it; the ten are spread over the same set. `vmsift analyze --signatures` with the one and
the other alternately on the bundle. What loading them alone takes is told beside it.
"""
import argparse
import datetime
import itertools
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXT = "Microsoft.Azure.RecoveryServices.VMSnapshot"
MIB = 1 << 20
START = datetime.datetime(2022, 1, 3)
END = datetime.datetime(2022, 3, 14)
HOST = "vm-bench-01"


class Clock:
    """Stamps that go from one time to another while a file of a known size grows."""

    def __init__(self, rnd, lines, first=START, last=END):
        self.rnd, self.at, self.step = rnd, first, (last - first).total_seconds() / max(lines, 1)

    def next(self):
        self.at += datetime.timedelta(seconds=self.step * self.rnd.uniform(.2, 1.8))
        return self.at


AGENT = [
    ("HEART", "WindowsAzureGuestAgent Heartbeat."),
    ("INFO ", " Fetched the latest goal state. Incarnation: %(n)d"),
    ("INFO ", " Cleaning up old plugin packages. Nothing to remove."),
    ("INFO ", " Processing plugin Microsoft.Example.%(word)s version 1.%(m)d.%(n)d.0, state: enabled, autoupgrade: True, isJson: True"),
    ("WARN ", " Setting up plugin environment (name: Microsoft.Example.%(word)s, version: 1.%(m)d.%(n)d.0)., Code: 0"),
    ("INFO ", " Command C:\\Packages\\Plugins\\Microsoft.Example.%(word)s\\1.%(m)d.%(n)d.0\\bin\\enable.cmd of Microsoft.Example.%(word)s has exited with Exit code: 0"),
    ("INFO ", " Uploaded status blob for deployment %(hex)s, container %(hex2)s, %(n)d bytes in %(m)d ms"),
    ("TRACE", "Checking health of %(word)s: reported %(n)d ms ago, state Running, incarnation %(m)d, correlation %(hex)s"),
]
WORDS = ["Inventory", "Monitoring", "Antimalware", "Patching", "Telemetry", "DesiredState", "Dependency", "Network"]
EVENTS = [
    ("Application", "<Provider Name='MsiInstaller'/>", 1033, 4, ["Contoso %(word)s Agent", "%(m)d.%(n)d.1", "1033", "0", "Contoso Ltd", "(NULL)", ""]),
    ("Application", "<Provider Name='ESENT'/>", 102, 4, ["svchost", "%(n)d,D,0", "DS_Token_DB: ", "10", "00", "20348", "%(hex)s"]),
    ("Application", "<Provider Name='Windows Error Reporting'/>", 1001, 4, ["", "0", "ContosoHang", "Not available", "0", "inv.exe", "1.2.%(m)d", "%(hex)s", "%(hex2)s"]),
    ("System", "<Provider Name='Service Control Manager' Guid='{555908d1-a6d7-4695-8e1e-26931d2012f4}' EventSourceName='Service Control Manager'/>", 7036, 4, {"param1": "%(word)s Service", "param2": "running"}),
    ("System", "<Provider Name='Microsoft-Windows-Time-Service' Guid='{06edcfeb-0fd0-4e53-acca-a6f8bbf81bcb}'/>", 35, 4, {"TimeSource": "VM IC Time Synchronization Provider", "TimeSourceRefId": "%(n)d"}),
    ("Security", "<Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/>", 4624, 0, {"SubjectUserName": "%(word)s$", "TargetUserName": "SYSTEM", "LogonType": "5", "LogonProcessName": "Advapi  ", "ProcessId": "%(n)d", "ProcessName": "C:\\Windows\\System32\\services.exe", "IpAddress": "-", "LogonGuid": "%(hex)s"}),
]


def values(rnd):
    return {"n": rnd.randrange(100000), "m": rnd.randrange(60), "word": WORDS[rnd.randrange(8)],
            "hex": "%016x" % rnd.getrandbits(64), "hex2": "%016x" % rnd.getrandbits(64)}


def agent_log(rnd, size, grammar_a):
    clock, written = Clock(rnd, size // 120), 0
    while written < size:
        level, text = AGENT[min(int(rnd.expovariate(.35)), 7)]
        t = clock.next()
        stamp = t.strftime("[%m/%d/%Y %H:%M:%S.00]") if grammar_a else t.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (t.microsecond // 1000)
        line = "[%08d] %s [%s] %s\r\n" % (rnd.randrange(3, 40), stamp, level.strip(), text % values(rnd))
        if rnd.random() < .004:
            line += "".join("   at Example.%s.Worker.Step%d(String name, Int32 count)\r\n" % (WORDS[rnd.randrange(8)], rnd.randrange(40)) for _ in range(9))
        written += len(line)
        yield line


def plugin_log(rnd, size):
    clock, written = Clock(rnd, size // 150), 0
    while written < size:
        v = values(rnd)
        line = clock.next().strftime("%Y-%m-%d %H:%M:%SZ") + "\t" + ("Executing command: C:\\Packages\\Plugins\\Microsoft.Example.%(word)s\\1.0\\bin\\enable.cmd\r\nStandard output:\r\nchecked %(n)d items, session %(hex)s, trace %(hex2)s\r\nStandard error:\r\nExit code: 0\r\n" % v)
        written += len(line)
        yield line


def event_text(rnd, channel, when, record, eid=None, data=None, provider=None, level=4):
    if eid is None:
        channel, provider, eid, level, data = rnd.choice([e for e in EVENTS if e[0] == channel])
        v = values(rnd)
        data = {k: x % v for k, x in data.items()} if isinstance(data, dict) else [x % v for x in data]
    items = "".join("<Data Name='%s'>%s</Data>" % p for p in data.items()) if isinstance(data, dict) else "".join("<Data>%s</Data>" % x for x in data)
    return ("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>%s<EventID>%d</EventID><Version>0</Version><Level>%d</Level><Task>0</Task><Opcode>0</Opcode>"
            "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID><Correlation/><Execution ProcessID='%d' ThreadID='%d'/><Channel>%s</Channel>"
            "<Computer>%s</Computer><Security/></System><EventData>%s</EventData></Event>\n"
            % (provider, eid, level, when.strftime("%Y-%m-%dT%H:%M:%S.%f0Z"), record, rnd.randrange(400, 9000), rnd.randrange(400, 9000), channel, HOST, items))


COMPLUS = "<Provider Name='Microsoft-Windows-Complus' Guid='{0f177893-4a9c-4709-b921-f432d67f43d5}' EventSourceName='COM+'/>"
KERNEL = "<Provider Name='Microsoft-Windows-Kernel-General' Guid='{a68ca8b7-004f-d7b6-a698-07e2de0f1f5d}'/>"
RUNS = [(END - datetime.timedelta(days=d, hours=3), d not in (8, 7, 2, 1)) for d in range(60, 0, -1)]
BOOTS = [END - datetime.timedelta(days=6, hours=9), START + datetime.timedelta(hours=1)]


def story(channel):
    """What makes the bundle a case of desktop-heap: failures, 4689, a boot, good runs, failures."""
    if channel == "Application":
        return [(t + datetime.timedelta(seconds=9), 4689, {"param1": "Error Code = 0x8000ffff : Catastrophic failure"}, COMPLUS, 2) for t, good in RUNS if not good]
    if channel == "System":
        return [(t, 12, {"MajorVersion": "10", "StartTime": t.strftime("%Y-%m-%dT%H:%M:%SZ")}, KERNEL, 4) for t in BOOTS]
    return []


def event_log(rnd, channel, size, first=START, last=END, records=None):
    clock, written, records = Clock(rnd, size // 720, first, last), 0, records or itertools.count(1001)
    due = sorted((s for s in story(channel) if first <= s[0] < last), key=lambda s: s[0])
    while written < size or due:
        t = clock.next() if written < size else due[0][0]
        while due and due[0][0] <= t:
            when, eid, data, provider, level = due.pop(0)
            yield event_text(rnd, channel, when, next(records), eid, data, provider, level)
        text = event_text(rnd, channel, t, next(records))
        written += len(text)
        yield text


def extension_log(rnd, when, number, good):
    out, t = [], when

    def say(text, level="Information"):
        nonlocal t
        out.append("%s7Z [%s]:%s%s\r\n" % (t.strftime("%Y-%m-%dT%H:%M:%S.%f"), level, "\t" if level == "Information" else " ", text))
        t += datetime.timedelta(seconds=rnd.uniform(.1, 1.5))

    say("Loading configuration {ConfigFile = C:\\Packages\\Plugins\\%s\\1.0.70.0\\RuntimeSettings\\%d.settings}" % (EXT, number))
    say("VCRedist installation state { isVCRedist2013Installed = True, isVCRedist2012Installed = True }")
    say("Service is running now {ServiceName = COMSysApp}")
    say("IsCommonProviderDllInstalled {isCommonProviderInstalledRegKey = %s}" % good)
    if not good:
        say("Install provider failed {Exception = System.Runtime.InteropServices.COMException (0x8000FFFF): Catastrophic failure (Exception from HRESULT: 0x8000FFFF)\r\n"
            "   at COMAdmin.COMAdminCatalogClass.InstallComponent(String bstrApplIDOrName, String bstrDLL, String bstrTLB, String bstrPSDLL)}", "Error")
        return "".join(out)
    for text in ("Provider installed successfully", "Registered the provider with VSS", "Waiting for GatherWriterMetadata", "Waiting for GatherWriterStatusPreBackup",
                 "Waiting for PrepareForBackup", "Waiting for DoSnapshotSet", "DoSnapshotSet {TimeTaken = 3}", "Waiting for BackupComplete", "DoSnapshot {TimeTaken = 9}",
                 "DoSnapshot=complete. WaitResult:True, AnySnapshotFailed:False, AllSnapshotFailed:False, ReturnValue:True, DoSnapshotRunDuration:00:00:09.1031081"):
        say(text)
    return "".join(out)


def entry(name):
    info = zipfile.ZipInfo(name, (2022, 3, 14, 9, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def put(z, name, pieces):
    """A member written piece by piece; returns its size."""
    size, batch, held = 0, [], 0
    with z.open(entry(name), "w", force_zip64=True) as f:
        for p in pieces:
            batch.append(p)
            held += len(p)
            if held > MIB:
                f.write("".join(batch).encode())
                size, batch, held = size + held, [], 0
        f.write("".join(batch).encode())
    return size + held


def event_logs(rnd, temp, mkfixture, channel, count, size):
    """Real .evtx files through the fixture writer, oldest first: archives, then the log itself. Yields their paths."""
    part, records = (END - START) / count, itertools.count(1001)
    for i in range(count):
        folder, made = os.path.join(temp, "xml"), os.path.join(temp, "evtx")
        os.makedirs(folder)
        name = channel if i == count - 1 else f"Archive-{channel}-{(START + part * i).strftime('%Y-%m-%d')}"
        with open(os.path.join(folder, name + ".evtx.xml"), "w") as f:
            f.write("<Events>\n")
            f.writelines(event_log(rnd, channel, size, START + part * i, START + part * (i + 1), records))
            f.write("</Events>\n")
        subprocess.run([mkfixture, folder, "-folder", made], check=True)
        yield os.path.join(made, name + ".evtx")
        shutil.rmtree(temp)


def generate(path, mkfixture, size):
    rnd, part, temp = random.Random(20220314), size / 1024, path + ".parts"
    shutil.rmtree(temp, ignore_errors=True)
    total, logs, azure = 0, "device_0/Windows/System32/winevt/Logs/", "device_0/WindowsAzure/Logs/"
    with zipfile.ZipFile(path + ".new", "w", zipfile.ZIP_DEFLATED) as z:
        for channel, count in (("Application", 3), ("System", 2), ("Security", 5)):
            for file in event_logs(rnd, temp, mkfixture, channel, count, int(min(part, 1) * 60 * MIB)):
                with open(file, "rb") as f, z.open(entry(logs + os.path.basename(file)), "w", force_zip64=True) as to:
                    shutil.copyfileobj(f, to, MIB)
                total += os.path.getsize(file)
        for i, (when, good) in enumerate(RUNS):
            total += put(z, f"{azure}Plugins/{EXT}/1.0.70.0/IaaSBcdrExtension{i}.log", [extension_log(rnd, when, i, good)])
        total += put(z, "export/security_export.xml", event_log(rnd, "Security", int(part * 90 * MIB)))
        total += put(z, azure + "WaAppAgent.log", agent_log(rnd, int(part * 200 * MIB), False))
        for word in WORDS[:4]:
            total += put(z, f"{azure}Plugins/Microsoft.Example.{word}/1.0/CommandExecution.log", plugin_log(rnd, int(part * 40 * MIB)))
        total += put(z, azure + "TransparentInstaller.log", agent_log(rnd, max(size * MIB - total, 0), True))
    os.replace(path + ".new", path)


FILE_HEADER, CHUNK = 4096, 65536
REAL_LOGS = ("plaso__System.evtx", "tsevtx__Security.evtx", "velocidex__Security.evtx", "deepblue__many-events-application.evtx")


def repeat_chunks(path, logs, size=64 * MIB):
    """One event log of that size out of the chunks of others."""
    chunks, head = [], None
    for name in logs:
        with open(name, "rb") as f:
            log = f.read()
        head = head or log[:FILE_HEADER]
        found = [log[i:i + CHUNK] for i in range(FILE_HEADER, len(log) - CHUNK + 1, CHUNK)]
        chunks += [c for c in found if c.startswith(b"ElfChnk\0")]
    with open(path, "wb") as f:
        f.write(head)
        f.writelines(chunks[i % len(chunks)] for i in range(size // CHUNK))


def generated_log(path, mkfixture):
    rnd, temp = random.Random(20220314), path + ".parts"
    shutil.rmtree(temp, ignore_errors=True)
    parts = []
    for channel in ("Application", "System", "Security"):
        for made in event_logs(rnd, temp, mkfixture, channel, 1, 4 * MIB):
            parts.append(f"{path}.{channel}")
            shutil.copy(made, parts[-1])
    repeat_chunks(path, parts)
    for part in parts:
        os.remove(part)


def timed(command):
    """Wall seconds, CPU seconds, peak memory in KiB."""
    start = time.monotonic()
    with open(os.devnull, "w") as null:
        p = subprocess.Popen(command, stdout=null)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {p.returncode}")
    scale = 1024 if sys.platform == "darwin" else 1
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / scale


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            return next(x.split(":", 1)[1].strip() for x in f if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def bench_log(o, log, what):
    """One log, three programs in turn; processor time is what the neighbours of a shared machine change least."""
    programs = {"dump": [o.vmsift, "dump", "--format", "jsonl", log], "peer": [o.evtx_dump, "-t", "1", "-o", "jsonl", log],
                "analyze": [o.vmsift, "analyze", log]}
    rows = {name: [] for name in programs}
    for _ in range(4 * o.runs):
        for name, command in programs.items():
            rows[name].append(timed(command))
    cpu = {name: [r[1] for r in rows[name]] for name in rows}
    print(f"event log, {os.path.getsize(log) / MIB:.0f} MiB of {what}, 1 thread:")
    for name, label in (("dump", "vmsift dump --format jsonl"), ("peer", "evtx_dump -t 1 -o jsonl"), ("analyze", "vmsift analyze")):
        wall, mid = statistics.median(r[0] for r in rows[name]), statistics.median(cpu[name])
        ratio = "" if name == "peer" else f"  ratio {statistics.median(cpu['peer']) / mid:.2f} (of the fastest runs {min(cpu['peer']) / min(cpu[name]):.2f})"
        print(f"  {label:27}{wall * 1000:5.0f} ms wall  {mid * 1000:5.0f} ms cpu{ratio}")


def bench_logs(o, folder):
    if not o.evtx_dump:
        print("event log: evtx_dump is not installed (cargo install evtx); dump is not compared")
        return
    print(f"peer:    {subprocess.run([o.evtx_dump, '--version'], capture_output=True, text=True, check=True).stdout.strip()}")
    log = os.path.join(folder, "generated.evtx")
    if not os.path.exists(log):
        generated_log(log, o.mkfixture)
    bench_log(o, log, "generated events")
    real = [os.path.join(o.corpus, name) for name in REAL_LOGS]
    if all(map(os.path.exists, real)):
        log = os.path.join(folder, "real.evtx")
        repeat_chunks(log, real)
        bench_log(o, log, "real chunks")
    else:
        print(f"event log, real chunks: no {o.corpus}")


CAUSE = """
---
title: Bench {0}
name: bench-{0}
level: low
vmsift:
  cause: A rule of the benchmark holds.
  conditions:
    seen: {{rule: bench_{0}, says: the rule holds, distinguishing: true}}
  when: seen
  remedy: [{{do: Nothing.}}]
  references: [{{document: none, section: none}}]
"""


def rule_texts(sigma):
    """Detection rules, each a document without a name and an id."""
    folders = [os.path.join(sigma, "rules"), os.path.join(sigma, "syntax")]
    if not all(map(os.path.isdir, folders)):
        folders = [d.path for d in os.scandir(os.path.join(ROOT, "signatures")) if d.is_dir()]
    for folder in sorted(folders):
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                for text in re.split(r"^---$", f.read(), flags=re.M):
                    if re.search(r"^detection:", text, re.M):
                        yield re.sub(r"^(name|id|related): .*\n(?:[ -].*\n)*", "", text.strip() + "\n", flags=re.M)


def write_signatures(folder, texts, count):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for i in range(count):
        text = texts[i * len(texts) // count] if count < len(texts) else texts[i % len(texts)]
        with open(os.path.join(folder, f"bench-{i}.yml"), "w", encoding="utf-8") as f:
            f.write(f"name: bench_{i}\n{text.strip()}{CAUSE.format(i)}")


def bench_rules(o, folder, bundle):
    texts, rows, load = list(rule_texts(o.sigma)), {10: [], 1000: []}, {10: [], 1000: []}
    for count in rows:
        write_signatures(os.path.join(folder, f"signatures-{count}"), texts, count)
    for _ in range(o.runs):
        for count in rows:
            own = ["--signatures", os.path.join(folder, f"signatures-{count}")]
            rows[count].append(timed([o.vmsift, "analyze", "--format", "json"] + own + [bundle]))
            load[count].append(timed([o.vmsift, "signatures", "list"] + own))
    print(f"rules: {len(texts)} different ones, 10 of them and 1,000 under other names, each with a cause, beside the built-in ones:")
    for count in rows:
        print(f"  {count:5} signatures {statistics.median(r[0] for r in rows[count]):7.2f} s wall  {statistics.median(r[1] for r in rows[count]):7.2f} s cpu,"
              f" of which loading {statistics.median(r[1] for r in load[count]):.3f} s  {max(r[2] for r in rows[count]) / 1024:6.0f} MiB peak")
    wall, cpu = (statistics.median(r[i] for r in rows[1000]) / statistics.median(r[i] for r in rows[10]) for i in (0, 1))
    print(f"ratio:   {wall:.2f} (wall), {cpu:.2f} (processor time), 1,000 signatures to 10")


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--vmsift", default=os.path.join(ROOT, "build/vmsift"))
    a.add_argument("--mkfixture", default=os.path.join(ROOT, "build/tests/mkfixture"))
    a.add_argument("--runs", type=int, default=5)
    a.add_argument("--size", type=int, default=1024, help="MiB unpacked")
    a.add_argument("--evtx-dump", default=shutil.which("evtx_dump") or shutil.which("evtx_dump", path=os.path.expanduser("~/.cargo/bin")))
    a.add_argument("--corpus", default=os.path.join("..", "shared", "corpus", "evtx"))
    a.add_argument("--sigma", default=os.path.join("..", "shared", "corpus", "sigma"))
    o = a.parse_args()
    folder = os.path.join(ROOT, "build/bench")
    os.makedirs(folder, exist_ok=True)
    bundle = os.path.join(folder, "bundle.zip" if o.size == 1024 else f"bundle-{o.size}.zip")
    if not os.path.exists(bundle):
        print(f"making {os.path.relpath(bundle, ROOT)} ({o.size} MiB unpacked), once …", flush=True)
        generate(bundle, o.mkfixture, o.size)
    with zipfile.ZipFile(bundle) as z:
        members, unpacked = len(z.infolist()), sum(i.file_size for i in z.infolist())
    print(f"machine: {platform.system()} {platform.machine()}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores, {processor()}")
    print(f"bundle:  {os.path.getsize(bundle) / MIB:.0f} MiB zip, {members} members, {unpacked / MIB:.0f} MiB unpacked")
    analyze, inflate = [o.vmsift, "analyze", "--format", "json", bundle], ["bsdtar", "-xOf", bundle]
    report = json.loads(subprocess.run(analyze, capture_output=True, check=True).stdout)
    timed(inflate)
    ours, theirs = [], []
    for _ in range(o.runs):
        theirs.append(timed(inflate))
        ours.append(timed(analyze))
    for name, rows in (("bsdtar -xOf", theirs), ("vmsift analyze", ours)):
        wall = statistics.median(r[0] for r in rows)
        print(f"{name:15} {wall:7.2f} s wall  {statistics.median(r[1] for r in rows):7.2f} s cpu  {unpacked / MIB / wall:7.0f} MiB/s  {max(r[2] for r in rows) / 1024:6.0f} MiB peak  (median of {o.runs})")
    print(f"ratio:   {statistics.median(r[0] for r in ours) / statistics.median(r[0] for r in theirs):.2f} (wall, vmsift to bsdtar)")
    print("verdict: " + ", ".join(f"{v['id']} {v['verdict']}" for v in report["verdicts"][:2]) + f"; {sum(s.get('events') or 0 for s in report['sources'])} events")
    small = os.path.join(folder, "small.zip")
    subprocess.run([o.mkfixture, os.path.join(ROOT, "fixtures/signatures/desktop-heap/confirmed/bundle"), small], check=True)
    print(f"small:   {statistics.median(timed([o.vmsift, 'analyze', '--format', 'json', small])[0] for _ in range(21)) * 1000:.1f} ms for a bundle of {os.path.getsize(small) / 1024:.0f} KiB")
    bench_rules(o, folder, bundle)
    bench_logs(o, folder)


if __name__ == "__main__":
    main()

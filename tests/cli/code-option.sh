# --code: the name that the portal shows ranks what is documented for it first, and leaves aside what is not.
fixture signatures/msvc-dll-mismatch/source-missing p.zip # two conditions that only the VM can tell
json 0 p.zip
check '"portal_error" not in r and all("applies" not in v for v in r["verdicts"])'
cp out without
json 0 --code extensionvcredistinstallationfailure p.zip
check 'r["portal_error"]["name"] == "ExtensionVCRedistInstallationFailure" and r["portal_error"]["cause_lies"] == "guest"'
python3 -B - <<'END' || fail "the report does not follow its schema"
import json, os, sys
sys.path.insert(0, os.environ["ROOT"] + "/tests")
from run_fixtures import conforms
schema = json.load(open(os.environ["ROOT"] + "/docs/report.schema.json"))
conforms(json.load(open("out")), schema, schema)
END
check 'r["portal_error"]["message"].startswith("The snapshot operation failed because of failure to install Visual C++")'
check 'all(v["applies"] == ("ExtensionVCRedistInstallationFailure" in v["applies_to"]) for v in r["verdicts"])'
# Within a kind of verdict, folded ones apart, those that apply come first.
check 'all(a["verdict"] != b["verdict"] or "explained_by" in b or "explained_by" in a or a["applies"] >= b["applies"]
           for a, b in zip(r["verdicts"], r["verdicts"][1:]))'
mkdir w
printf '[00000004] [03/13/2022 21:39:49.00] [INFO]  WindowsAzureGuestAgent starting.\n' >w/WaAppAgent.log
json 0 w # of most causes nothing can be told
check 'r["verdicts"][0]["verdict"] == "cannot_tell" and "ExtensionFailedVssWriterInBadState" not in r["verdicts"][0]["applies_to"]'
json 0 --code ExtensionFailedVssWriterInBadState w
check 'r["verdicts"][0]["verdict"] == "cannot_tell" and r["verdicts"][0]["applies"]'
json 0 --code ExtensionVCRedistInstallationFailure p.zip

# Every verdict is what it was: --code ranks, it proves nothing.
python3 - <<'END' || fail "--code changes verdicts"
import json
a, b = (json.load(open(f)) for f in ("without", "out"))
assert {v["id"]: v["verdict"] for v in a["verdicts"]} == {v["id"]: v["verdict"] for v in b["verdicts"]}
# What is collected is what decides causes of that error, or what something points to.
told = {v["id"] for v in b["verdicts"] if v["applies"] or v["verdict"] in ("confirmed", "likely", "possible")}
assert {i for c in b["collect_next"] for i in c["decides"]} <= told, b["collect_next"]
END
run 0 --code ExtensionVCRedistInstallationFailure p.zip
has out 'Error     ExtensionVCRedistInstallationFailure: The Visual C++ runtime' 'NOT FOR THIS ERROR' 'without --code they are told in full' \
    'POSSIBLE  Visual C++ 2013 runtime DLLs' 'Not documented as a cause of ExtensionVCRedistInstallationFailure.'
lacks out '? .NET Framework'

# What is proved and not documented for it is not hidden, and says so.
heap c.zip
run 3 --exit-code --code ExtensionFailedVssWriterInBadState c.zip
has out '(confirmed, not documented as a cause of ExtensionFailedVssWriterInBadState)' CONFIRMED
run 3 --exit-code --code ExtensionInstallationFailedMSDTC c.zip
has out 'A documented cause of ExtensionInstallationFailedMDTC.'

# No bundle shows the cause of these: what to do, and what the bundle shows besides.
for code in UserErrorVmNotFoundV2 usererrorvmnotfoundv2; do
    run 0 --code=$code c.zip
    has out 'UserErrorVmNotFoundV2: its cause lies outside the VM, no bundle shows it.' 'What to do: Create it again' CONFIRMED
done
json 0 --code 400094 c.zip
check 'r["portal_error"]["name"] == "BCMV2VMNotFound" and r["portal_error"]["cause_lies"] == "outside" and r["portal_error"]["action"]'
fixture bundles/no-known-cause n.zip
json 0 --code UserErrorVmNotFoundV2 n.zip
check 'r["collect_next"] == []'

# An error that nobody has described yet is taken, and nothing is ranked by it; a slip of the pen is not.
json 0 --code UserErrorNobodyDescribedThis c.zip
check 'r["portal_error"] == {"name": "UserErrorNobodyDescribedThis"}'
run 0 --code UserErrorNobodyDescribedThis n.zip
has out 'No document that this version knows names it'
lacks out 'NOT FOR THIS ERROR'
json 0 --code StatusCode.FailedRetryableSnapshotFailedNoNetwork c.zip
check 'r["portal_error"]["name"] == "FailedRetryableSnapshotFailedNoNetwork" and r["portal_error"]["meaning"]'
run 1 --code ExtensionSnapshotFailedCON c.zip
has err 'did you mean ExtensionSnapshotFailedCOM?'
[ ! -s out ] || fail "a report for a slip of the pen"
for code in 0x80110401 -2147024891 E_FAIL 1603; do
    run 1 --code $code c.zip
    has err 'vmsift explain'
done
for code in '' foo 'COM+ error' "$(printf 'User\033[31mError')"; do
    run 1 --code "$code" c.zip
    lacks err "$(printf '\033')"
done
run 1 --code
run 1 c.zip --code

# Of one signature.
run 0 explain --code ExtensionFailedVssWriterInBadState desktop-heap c.zip
has out 'so: confirmed' 'Not documented as a cause of ExtensionFailedVssWriterInBadState.' 'Error     ExtensionFailedVssWriterInBadState'
run 0 explain desktop-heap c.zip --code ExtensionSnapshotFailedCOM
has out 'A documented cause of'

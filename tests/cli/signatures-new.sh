# A draft out of a marked line: it loads, shows the line again, and its fixtures say what they are to say.
heap b.zip
judge() { # ID CASE VERDICT: of a fixture of the draft, as a zip and as it stands
    folder=d/fixtures/signatures/$1/$2
    "$MKFIXTURE" "$folder/bundle" case.zip
    for bundle in case.zip "$folder/bundle"; do
        json 0 --signatures d/signatures "$bundle"
        check "verdict('$1') == '$3'"
    done
    has "$folder/expect.json" "\"$1\": \"$3\""
}
cited() { # ID BUNDLE PLACE: the marked line is evidence
    json 0 --signatures d/signatures "$2"
    check "'$3' in [e['source'].rsplit('/', 1)[1] + ':' + str(e.get('record', e.get('line'))) for v in r['verdicts'] if v['id'] == '$1' for e in v['evidence']]"
}
draft() { # ID BUNDLE SOURCE:LINE
    run 0 signatures new "$1" --from "$2" --line "$3" -o d
    has out "d/signatures/$1.yml" 'What to do next' 'vmsift signatures lint d/signatures' "vmsift --signatures d/signatures $2"
    run 0 signatures lint "d/signatures/$1.yml"
    has out '[todo]' '0 errors, 6 pieces of advice in 1 file'
    judge "$1" likely likely
    judge "$1" near-miss-derived ruled_out
    judge "$1" source-missing cannot_tell
}

# An event log: what the event is, and what of its data does not vary.
draft heap-gone b.zip Application.evtx:12015
cited heap-gone b.zip Application.evtx:12015
has d/signatures/heap-gone.yml "Provider_Name: 'COM+'" 'EventID: 4689' '0x8000ffff' trksvrimpl.cpp 'service: application' \
    'basis: inferred' 'window: {before: 5m, after: 5m}'
run 0 signatures test --signatures d/signatures d/fixtures/signatures
# A folder of the name that the built-in ones have is still one's own.
(cd d && run 0 signatures test --signatures signatures fixtures/signatures)
has out 'ok 1 - heap-gone/likely' 'heap-gone: has a positive case, a near miss, and one with a source missing'
[ "$(grep -c '<Event ' d/fixtures/signatures/heap-gone/likely/bundle/Windows/System32/winevt/Logs/Application.evtx.xml)" -eq 3 ] ||
    fail "more of the log than the record and its neighbours"

# A text log: the words that stay, not what varies; a line that continues a record stands for all of it.
draft provider-fails b.zip IaaSBcdrExtension5.log:6
cited provider-fails b.zip IaaSBcdrExtension5.log:6
has d/signatures/provider-fails.yml 'Install provider failed' '0x8000FFFF' 'service: vmsnapshot'
lacks d/signatures/provider-fails.yml 2022 21:40
draft stack-line b.zip IaaSBcdrExtension5.log:8
cited stack-line b.zip IaaSBcdrExtension5.log:6
draft agent-line b.zip WaAppAgent.log:8
lacks d/signatures/agent-line.yml 1.0.70.0 'C:\'

# A status, a value of the registry, a whole path.
draft status-two b.zip Packages/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/Status/4.status:18
has d/signatures/status-two.yml "Status: 'error'" "Code: '2'"
fixture signatures/dotnet-32bit/confirmed n.zip
draft only-32bit n.zip netframework.reg:5
has d/signatures/only-32bit.yml "TargetObject: 'HKLM\\SOFTWARE\\Microsoft\\.NETFramework\\Enable64Bit'" 'Number: 0'
lacks d/signatures/only-32bit.yml window:

# Who and where stays behind.
mkdir -p who/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0
cat >who/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/IaaSBcdrExtension0.log <<'L'
2022-03-08T21:40:00.0000000Z [Information]:	Process started {ProcessId = 8683}{Version = 1.0.70.0}{MachineName = srv-payroll7}
2022-03-08T21:40:01.0000000Z [Information]:	Writing to https://payrollstore.blob.core.windows.net/c?sig=c2VjcmV0c2VjcmV0 for anna.k@corp.test
2022-03-08T21:40:01.5000000Z [Information]:	/subscriptions/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed/resourceGroups/hr-west/providers from 10.20.30.40, S-1-5-21-39-40-41-500, C:\Users\annak\AppData
2022-03-08T21:40:02.0000000Z [Error]:	Freezing writers of srv-payroll7 failed in C:\Users\annak\x.dll {Exception = COMException (0x80042306): failed}
L
run 0 signatures new freeze-fails --from who --line Extension0.log:4 -o d
if grep -rnE 'payroll|anna|hr-west|10\.20|39-40|1b9d6bcd|c2VjcmV0' d/signatures/freeze-fails.yml d/fixtures/signatures/freeze-fails; then
    fail "somebody can be told by the draft"
fi
has d/fixtures/signatures/freeze-fails/likely/bundle/WindowsAzure/Logs/Plugins/*/*/IaaSBcdrExtension0.log vm-draft-01 someone '1.0.70.0'
judge freeze-fails likely likely

# A user of a domain, and a log that the failed backup hangs on alone: its fixture begins as it does, and why there is no
# third one is told.
mkdir -p one/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0
cat >one/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/IaaSBcdrExtension5.log <<'L'
2023-05-16T21:30:02.1000000Z [Information]:	Loading configuration {ConfigFile = C:\x\5.settings}
2023-05-16T21:30:34.3000000Z [Error]:	Snapshot failed for user CORPNET\jdoe {Exception = COMException (0x80070020): in use}
L
run 0 signatures new in-use --from one --line Extension5.log:2 -o d
has out "'source-missing' was not made: without IaaSBcdrExtension5.log nothing of the bundle tells of the failed backup"
head -1 d/fixtures/signatures/in-use/likely/bundle/WindowsAzure/Logs/Plugins/*/*/IaaSBcdrExtension5.log | grep -q '^2023-05-16T21:30:02' ||
    fail "the log begins otherwise"
if grep -rnE 'CORPNET|jdoe' d/signatures/in-use.yml d/fixtures/signatures/in-use; then
    fail "somebody can be told by the draft"
fi

# Nothing is written over, and what cannot be is said.
refused() { # STATUS TEXT ARGUMENT…
    want=$1 text=$2
    shift 2
    run "$want" signatures new "$@"
    has err "$text"
    [ ! -e no ] || fail "something was written: $*"
}
cp -r d before
refused 1 'is not written over: d/signatures/heap-gone.yml' heap-gone --from b.zip --line Application.evtx:12015 -o d
rm d/signatures/heap-gone.yml
refused 1 'is not written over: d/fixtures/signatures/heap-gone' heap-gone --from b.zip --line Application.evtx:12015 -o d
cp before/signatures/heap-gone.yml d/signatures/
diff -r before d || fail "a refusal changed something"
refused 1 'is there already' desktop-heap --from b.zip --line Application.evtx:12015 -o no
refused 1 'small letters, digits and hyphens' Heap --from b.zip --line Application.evtx:12015 -o no
refused 1 'wants SOURCE:LINE' heap --from b.zip --line Application.evtx -o no
refused 1 'wants ID --from BUNDLE' heap --from b.zip -o no
refused 1 'standard input' heap --from - --line Application.evtx:12015 -o no
refused 2 'no source Security.evtx' heap --from b.zip --line Security.evtx:1 -o no
refused 2 'has no record 1; it has 12001 to 12017' heap --from b.zip --line Application.evtx:1 -o no
refused 2 'has no line 999; it has 1 to 42' heap --from b.zip --line WaAppAgent.log:999 -o no
refused 2 'two sources are called so' heap --from b.zip --line .log:3 -o no
refused 2 nope.zip heap --from nope.zip --line a:1 -o no
fixture bundles/collect-diagnostic k.zip
refused 2 'drafts are made of' heap --from k.zip --line results.txt:1 -o no
mkdir other
cat >other/other.xml <<'X'
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Contoso'/><EventID>7</EventID>
<Level>2</Level><TimeCreated SystemTime='2022-03-08T21:40:00Z'/><EventRecordID>3</EventRecordID><Channel>Contoso/Operational</Channel>
<Computer>vm-other</Computer></System><EventData/></Event>
X
refused 2 "no log source for the channel 'Contoso/Operational'" heap --from other --line other.xml:3 -o no

# A signature held to a bundle: each condition with what it is and why, the nearest line test by test, and the sum.
fixture signatures/desktop-heap/near-miss-other-code b.zip
run 0 explain desktop-heap b.zip
has out 'RULED OUT  Desktop heap exhausted' '✓ install_failed' 'true: seen 4 times' 'IaaSBcdrExtension5.log line 6, 2022-03-13' \
    '✗ catastrophic' 'nearest: Application.evtx record 12015, 2022-03-12' '✓ EventID is 4689' \
    "✗ Message does not contain '8000ffff'; it has 0x80040206" 'quoted above' \
    'looks for: rule complus_4689_8000ffff (signatures/azure-vm-backup/desktop-heap' 'WHAT SPEAKS FOR IT' '✗ win32k_heap' \
    'WHAT SPEAKS AGAINST IT' '? shared_section_4096_before_boot' 'not seen  shared_section_4096:' \
    '= (true or false or unknown) and false and true' '= false, so: ruled out, whatever is unknown' 'signatures show desktop-heap'
awk 'length > 130' out | grep -q . && fail "longer lines than a page has" # bytes; the page has 100 columns
lacks out 'iaas-provider-state'

# What is outside the window, or the other way round, or may be it.
fixture signatures/desktop-heap/near-miss-too-old b.zip
run 0 explain desktop-heap b.zip
has out '✗ it matches, but lies 2 d 7 h before the failure'
fixture signatures/desktop-heap/ruled-out-reboot-did-not-help b.zip
run 0 explain desktop-heap b.zip
has out 'it shows the opposite'
fixture signatures/msvc-dll-mismatch/ruled-out-listing b.zip
run 0 explain msvc-dll-mismatch b.zip
has out 'false: they are the same' 'compares Modified of msvcp120_file' 'dir_system32.txt line 6: Modified 2013-10-05T02:38:00Z' \
    '= (true or false) and false' 'so: ruled out'

# What is unknown: how to decide it, for this cause alone.
fixture signatures/desktop-heap/possible-reboot-not-seen b.zip
run 0 explain desktop-heap b.zip
has out 'POSSIBLE' '? reboot_helped' 'Open questions' '--assert reboot-helps=yes' 'COLLECT NEXT' 'a condition that points to this cause is true'
lacks out com-msdtc-account
run 0 explain desktop-heap --assert reboot-helps=yes b.zip
has out CONFIRMED 'stated by the operator' 'so: confirmed'
run 0 explain --at 2022-03-09T21:40Z desktop-heap b.zip
has out 'the backup that failed at'
run 0 explain --task-id 00000000-no-such-task desktop-heap b.zip
has out 'none of the backups'

# Every form of a bundle, and the same bytes each time.
heap b.zip
run 0 explain desktop-heap b.zip
cp out zipped
mkdir b && (cd b && unzip -q ../b.zip)
run 0 explain desktop-heap b
has out 'so: confirmed'
run 0 explain desktop-heap - <b.zip
has out 'so: confirmed'
run 0 explain desktop-heap b.zip
cmp out zipped || fail "two runs, two pages"
esc=$(printf '\033')
run 0 explain --color always desktop-heap b.zip
has out "$esc"

# Several collections of one machine, and several machines in one bundle.
mkdir -p one/Windows two && cp -R b/Windows/. one/Windows && cp -R b/WindowsAzure b/Packages two
run 0 explain desktop-heap one
has out 'no backup run is seen'
run 0 explain --case desktop-heap one two
has out 'so: confirmed' 'Inputs'
run 1 explain --case desktop-heap one one
run 1 explain desktop-heap one two
mkdir both && cp -R b both/heap
"$MKFIXTURE" "$FIXTURES/bundles/healthy/bundle" healthy.zip && (mkdir both/healthy && cd both/healthy && unzip -q ../../healthy.zip)
run 0 explain desktop-heap both
has out CONFIRMED '  on '

# What cannot be read, and what was not meant so.
run 2 explain desktop-heap none.zip
has err none.zip
has out 'CANNOT TELL' 'No such file'
run 1 explain desktop-haep b.zip
has err 'did you mean desktop-heap'
run 1 explain b.zip desktop-heap
has err 'signature first'
run 1 explain 0x80110401 b.zip
has err 'without a bundle'
run 1 explain desktop-heap b.zip b.zip
run 1 explain --assert no-such-question=yes desktop-heap b.zip
has err no-such-question
run 1 explain --at yesterday desktop-heap b.zip

# A signature of one's own, whose rule holds what a terminal should not see.
mkdir s
cat >s/own.yml <<'END'
title: "An own rule \e[31m"
name: own_rule
logsource: {product: windows, service: application}
detection:
  event: {EventID: 4689}
  odd: {Message|contains: "\e[31mred"}
  condition: event and odd
---
title: Own cause
name: own
level: low
vmsift:
  cause: Own.
  conditions:
    own: {rule: own_rule, says: "says \e[31m", window: bundle}
  when: own
  remedy: [{do: Nothing.}]
  references: [{document: None}]
END
run 0 explain --signatures s own b.zip
has out 'Message does not contain'
lacks out "$esc"

# A signature of one's own, and the option that reads it left out.
heap own.zip
run 1 explain my-own-cause own.zip
has err 'no signature that is built in (--signatures DIR reads others) is called my-own-cause'

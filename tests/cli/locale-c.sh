mkdir b
cp -R "$FIXTURES/signatures/desktop-heap/confirmed/bundle/." b
echo 'name Windows/System32/winevt/Logs/System.evtx => イベントログ/システム.evtx' >b/bundle.txt
"$MKFIXTURE" b b.zip
json 0 b.zip
cp out utf8
LC_ALL=C LANG=C "$VMSIFT" analyze --format json b.zip >c 2>err || fail "$(cat err)"
LC_ALL=POSIX "$VMSIFT" analyze --format json b.zip >posix 2>err || fail "$(cat err)"
cmp utf8 c && cmp utf8 posix
check 'verdict("desktop-heap") == "confirmed"'

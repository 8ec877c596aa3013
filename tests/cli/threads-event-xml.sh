# Several exported event logs are read at once, and the XML library starts up once: the same bytes, run after run.
mkdir b
for name in a b c d; do
    cp "$FIXTURES/bundles/no-known-cause/bundle/Windows/System32/winevt/Logs/Application.evtx.xml" b/$name.xml
done
json 0 b
cp out one
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    for k in 1 2 3 4 5; do
        "$VMSIFT" analyze --format json b >two 2>err || fail "run $i.$k: exit status $?: $(tail -n 3 err)"
        cmp one two
    done
done

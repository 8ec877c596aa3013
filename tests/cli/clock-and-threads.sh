# The same bytes at any time of day, in any zone, on any number of cores, from any folder.
heap b.zip
json 0 b.zip
cp out one
for zone in UTC Asia/Tokyo America/St_Johns; do
    TZ=$zone "$VMSIFT" analyze --format json b.zip >two 2>err
    cmp one two
done
if command -v taskset >/dev/null; then
    taskset -c 0 "$VMSIFT" analyze --format json b.zip >two 2>err
    cmp one two
fi
(cd / && "$VMSIFT" analyze --format json "$OLDPWD/b.zip") >two 2>err
cmp one two

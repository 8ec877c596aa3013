# Nothing is ever unpacked to disk.
heap b.zip
mkdir tmp
export TMPDIR="$(pwd)/tmp"
json 0 b.zip
[ -z "$(ls -A tmp)" ] || fail "left in TMPDIR: $(ls tmp)"
[ "$(ls | sort | tr '\n' ' ')" = "b.zip err out tmp " ] || fail "left behind: $(ls)"
if command -v strace >/dev/null; then
    strace -f -e trace=openat,open,creat,mkdir -o trace "$VMSIFT" b.zip >out 2>err || skip "strace may not trace here"
    ! grep -E 'O_CREAT|O_WRONLY|O_RDWR|creat\(|mkdir\(' trace | grep -v /dev/ || fail "opened something for writing"
fi

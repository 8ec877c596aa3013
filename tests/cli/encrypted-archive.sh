mkdir b
cp -R "$FIXTURES/signatures/desktop-heap/confirmed/bundle/." b
echo 'password not-a-secret' >b/bundle.txt
"$MKFIXTURE" b locked.zip 2>/dev/null || skip "this libarchive writes no encrypted zip"
json 2 locked.zip
check 'all(s["status"] == "unread" for s in r["sources"]) and "ncrypt" in told()'
lacks out not-a-secret

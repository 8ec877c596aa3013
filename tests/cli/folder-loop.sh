# A link that leads back up must not be followed for ever, and none leads out of the bundle.
mkdir -p b/WindowsAzure/Logs
cp "$FIXTURES/signatures/msvc-dll-mismatch/source-missing/bundle/WindowsAzure/Logs/WaAppAgent.log" b/WindowsAzure/Logs/
ln -s .. b/WindowsAzure/up
mkfifo b/pipe
json 0 b
check 'len([s for s in r["sources"] if s["path"].endswith("WaAppAgent.log")]) == 1'

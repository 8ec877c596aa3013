mkdir -p b/WindowsAzure/Logs
cp "$FIXTURES/signatures/msvc-dll-mismatch/source-missing/bundle/WindowsAzure/Logs/WaAppAgent.log" b/WindowsAzure/Logs/
echo x >b/closed.log
ln -s nowhere b/dangling.log
chmod 000 b/closed.log
json 0 b
check 'row("WaAppAgent.log")["status"] == "read"'
[ "$(id -u)" -eq 0 ] || check 'row("closed.log")["status"] == "unread" and row("closed.log")["note"]'
chmod 600 b/closed.log

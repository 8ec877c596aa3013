: >empty.zip
json 2 empty.zip
has err empty.zip
check 'all(v["verdict"] == "cannot_tell" for v in r["verdicts"])'

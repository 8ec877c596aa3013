# The 22 bytes of an archive without members.
printf 'PK\005\006\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >empty.zip
json 2 empty.zip
has err empty.zip
check 'r["diagnostics"]'

# What stands before a zip and behind it does no harm, nor does the name it has.
heap b.zip
json 0 b.zip
python3 -c "import json; r = json.load(open('out')); del r['bundle']; print(json.dumps(r))" >want
same() {
    python3 -c "import json; r = json.load(open('out')); del r['bundle']; print(json.dumps(r))" >got
    cmp -s want got || fail "$1 is read in another way"
}
{ printf 'MZ'; head -c 70000 /dev/zero; cat b.zip; } >unpacks-itself.exe
{ printf 'From: somebody\r\nSubject: the logs\r\nContent-Type: application/zip\r\n\r\n'; cat b.zip; } >mail.zip
{ cat b.zip; head -c 3000 /dev/zero; } >behind.zip
{ printf 'PK00'; cat b.zip; } >single.zip
cp b.zip renamed.txt
cp b.zip without-an-ending
for file in unpacks-itself.exe mail.zip behind.zip single.zip renamed.txt without-an-ending; do
    json 0 $file
    check 'r["bundle"]["kind"] == "zip"'
    same $file
done
# One zip in a folder, and a mail in a zip: members of members.
mkdir folder
cp b.zip folder
json 0 folder
check 'verdict("desktop-heap") == "confirmed" and row("b.zip")["note"] == "zip archive with 16 members"'
python3 -c "import zipfile; zipfile.ZipFile('outer.zip', 'w').write('mail.zip')"
json 0 outer.zip
check 'verdict("desktop-heap") == "confirmed"'
for file in mail.zip behind.zip; do
    cat $file | "$VMSIFT" analyze --format json - >out 2>err || fail "$file through a pipe: $(cat err)"
    check 'verdict("desktop-heap") == "confirmed"'
done
# An empty file, and an empty one called a zip.
: >empty.zip
json 2 empty.zip
check 'r["diagnostics"] or r["sources"]'

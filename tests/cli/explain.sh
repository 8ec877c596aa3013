# What a code means needs no bundle: every form a log has, symbols, and the names the portal shows.
for code in 0x80070005 80070005 2147942405 -2147024891 %%2147942405 E_ACCESSDENIED e_accessdenied; do
    run 0 explain $code
    has out 0x80070005 -2147024891 2147942405 E_ACCESSDENIED 'facility 7 (Win32), code 5' winerror.h
done
run 0 explain 0x80990001
has out 'facility 153, code 1' 'Not in the dictionary'
run 0 explain 0xD0000142
has out 0xc0000142 STATUS_DLL_INIT_FAILED
run 0 explain 1722
has out 'Windows Installer' RPC_S_SERVER_UNAVAILABLE 0x800706ba
run 0 explain extensionsnapshotfailedcom
has out desktop-heap msvc-dll-mismatch
run 0 explain UserErrorVmNotFoundV2
has out 'no bundle' 'What to do:' 'Documented:'
run 1 explain NoSuchError
has err NoSuchError
[ ! -s out ] || fail "an unknown word has an explanation"
run 1 explain
run 1 explain --all
run 1 explain 0x800000000

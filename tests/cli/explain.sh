# What a code means needs no bundle: every form a log has, symbols, and the names the portal shows.
for code in 0x80070005 80070005 0X80070005 0x80070005L 80070005h 2147942405 -2147024891 %%2147942405 E_ACCESSDENIED \
    e_accessdenied '(0x80070005):' 0xFFFFFFFF80070005; do
    run 0 explain $code
    has out 0x80070005 -2147024891 2147942405 E_ACCESSDENIED 'facility 7 (Win32), code 5' winerror.h
done
run 0 explain 0x80990001
has out 'facility 153, code 1' 'Not in the dictionary'
run 0 explain 0xA0040001
has out 'customer bit'
run 0 explain 0x80040999
has out 'each COM interface' 'Not in the dictionary'
run 0 explain 0x8007042D
has out ERROR_SERVICE_LOGON_FAILED 'code 1069'
run 0 explain 0xD0000142
has out 0xc0000142 STATUS_DLL_INIT_FAILED
run 0 explain 0xE0434352
has out '.NET exception'
run 0 explain 0x00042309
has out success
run 0 explain %%8
has out ERROR_NOT_ENOUGH_MEMORY
lacks out HRESULT

# A small number may be of several families; a symbol is of one.
run 0 explain 1722
has out 'Windows Installer, message' RPC_S_SERVER_UNAVAILABLE 0x800706ba
run 0 explain RPC_S_SERVER_UNAVAILABLE
lacks out Installer
run 0 explain 1009
has out "The agent's code of an extension" 'enable command' ERROR_BADDB
run 0 explain -1
has out 'unknown failure'

# A pasted line: what logs show to be codes, each once; else its only number.
run 0 explain 'Install provider failed {Exception = COMException (0x80110401): Errors (Exception from HRESULT: 0x80110401)'
has out COMADMIN_E_OBJECTERRORS msvc-dll-mismatch
[ "$(grep -c COMADMIN_E_OBJECTERRORS out)" -eq 1 ] || fail "the same code is explained twice"
run 0 explain 'HRESULT: 0x80110401'
has out COMADMIN_E_OBJECTERRORS
run 0 explain 'it ended with 1603.'
has out ERROR_INSTALL_FAILURE
run 1 explain '3 of 4 backups'

# Status names of the extension, bare and as they stand in a status text.
for word in FailedRetryableSnapshotFailedNoNetwork ' StatusCode.FailedRetryableSnapshotFailedNoNetwork,'; do
    run 0 explain "$word"
    has out 'Status of the backup extension' 76
done

# The portal's errors: what it says, and which causes a bundle can show.
run 0 explain extensionsnapshotfailedcom
has out 'The portal says: Snapshot operation failed due to COM+ error' desktop-heap msvc-dll-mismatch 'Documented:'
run 0 explain ExtensionInstallationFailedMSDTC
has out ExtensionInstallationFailedMDTC com-msdtc-account
run 0 explain UserErrorVmNotFoundV2
has out 'no bundle' 'What to do:' 'Documented:'
run 0 explain 400094
has out BCMV2VMNotFound
run 0 explain UserErrorRpCollectionLimitReached
has out 'a bundle shows' 'What to do:'

# Rules of the user's own are asked, too.
mkdir s
sed 's/msvc-dll-mismatch/our-own/; s/80110401/80110499/g' "$ROOT/signatures/azure-vm-backup/msvc-dll-mismatch.yml" |
    sed 's/^name: \(.*\)/name: our_\1/; s/^name: our_our-own/name: our-own/; s/\(rule\|left\|right\): \([a-z]\)/\1: our_\2/g; /rules:/s/\([[ ]\)\([a-z]\)/\1our_\2/g; s/our_rules:/rules:/' >s/our-own.yml
run 0 explain --signatures s 0x80110499
has out our-own

# What is none of these.
run 1 explain NoSuchErrorAtAll
has err NoSuchErrorAtAll
[ ! -s out ] || fail "an unknown word has an explanation"
run 1 explain VSS_E_BAD_STAT
has err 'did you mean VSS_E_BAD_STATE'
run 1 explain ExtensionSnapshotFailedCON
has err 'did you mean ExtensionSnapshotFailedCOM'
run 1 explain desktop-heap
has err 'SIGNATURE BUNDLE'
run 1 explain
run 1 explain --all
has err --all
run 1 explain 0x800000000
run 1 explain ''

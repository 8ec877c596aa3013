#!/bin/sh
# bundle_seeds.sh MKFIXTURE DIR: small bundles of every kind for fuzz_bundle, out of the fixtures: packed, stored (whose
# content a fuzzer can change), encrypted, without a directory, and in the other archives. A byte in front says how each is
# read.
mkfixture=$1 to=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$to"

seed() { # FILE NAME
    for how in 0 1 2; do
        { printf "\\$how"; cat "$1"; } >"$to/$2-$how"
    done
}

for folder in fixtures/bundles/shape-asc-device-0 fixtures/signatures/com-msdtc-account/source-missing; do
    name=$(basename "$folder")
    rm -rf "$work/bundle"
    cp -R "$folder/bundle" "$work/bundle"
    echo >>"$work/bundle/bundle.txt"
    for form in zip 7z tar tar.gz; do
        "$mkfixture" "$work/bundle" "$work/x.$form" && seed "$work/x.$form" "$name-$form" || exit 1
    done
    printf 'store *\n' >>"$work/bundle/bundle.txt"
    mkdir "$work/outer"
    cp -R "$work/bundle" "$work/outer/inner.zip.d"
    "$mkfixture" "$work/outer" "$work/x.zip" && seed "$work/x.zip" "$name-nested" || exit 1
    rm -rf "$work/outer"
    "$mkfixture" "$work/bundle" "$work/x.zip" && seed "$work/x.zip" "$name-stored" || exit 1
    head -c $(($(wc -c <"$work/x.zip") * 2 / 3)) "$work/x.zip" >"$work/cut.zip" && seed "$work/cut.zip" "$name-cut"
    printf 'password fuzz\n' >>"$work/bundle/bundle.txt"
    ! "$mkfixture" "$work/bundle" "$work/x.zip" 2>/dev/null || seed "$work/x.zip" "$name-locked"
done

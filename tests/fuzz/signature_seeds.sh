#!/bin/sh
# signature_seeds.sh DIR: signature files as seeds for fuzz_signatures: the built-in ones, those of fixtures, and the Sigma
# rules next to the project, where there are any.
to=$1
mkdir -p "$to" || exit 1

for root in signatures fixtures ../shared/corpus/sigma; do
    [ ! -d "$root" ] || find "$root" -name '*.yml' -type f -size -64k
done | while IFS= read -r file; do
    cp "$file" "$to/$(printf '%s' "${file#../shared/}" | tr '/ ' '--')" || exit 1
done

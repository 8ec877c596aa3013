#!/bin/sh
# deps.sh build|test: installs what is missing to build (and to test) through the system's package manager. Without root
# and without sudo it prints the command and stops.
set -u
what=${1:-build}
missing=

need() { # WORD COMMAND…: missing unless the command succeeds
    word=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $word"
}

need cc command -v "${CC:-cc}"
need pkg-config command -v pkg-config
for lib in libarchive libpcre2-8 libxml-2.0 yaml-0.1 jansson; do
    need $lib pkg-config --exists $lib
done
[ "$(uname -s)" != Linux ] || need libseccomp pkg-config --exists libseccomp
if [ "$what" = test ]; then
    need cmocka pkg-config --exists cmocka
    need python3 command -v python3
    need bsdtar command -v bsdtar
    command -v apt-get >/dev/null && need evtxexport command -v evtxexport
fi
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null; then
    map="cc=gcc,libc6-dev pkg-config=pkg-config libarchive=libarchive-dev libpcre2-8=libpcre2-dev libxml-2.0=libxml2-dev yaml-0.1=libyaml-dev
         libseccomp=libseccomp-dev jansson=libjansson-dev cmocka=libcmocka-dev python3=python3 bsdtar=libarchive-tools evtxexport=libevtx-utils"
    before='apt-get update -qq; '
    install='apt-get install -y --no-install-recommends'
elif command -v dnf >/dev/null; then
    map="cc=gcc,libasan,libubsan pkg-config=pkgconf-pkg-config libarchive=libarchive-devel libpcre2-8=pcre2-devel libxml-2.0=libxml2-devel
         libseccomp=libseccomp-devel yaml-0.1=libyaml-devel jansson=jansson-devel cmocka=libcmocka-devel python3=python3 bsdtar=bsdtar"
    before=
    install='dnf install -y'
elif command -v apk >/dev/null; then
    map="cc=gcc,musl-dev pkg-config=pkgconf libarchive=libarchive-dev libpcre2-8=pcre2-dev libxml-2.0=libxml2-dev yaml-0.1=yaml-dev
         libseccomp=libseccomp-dev jansson=jansson-dev cmocka=cmocka-dev python3=python3 bsdtar=libarchive-tools"
    before=
    install='apk add'
elif command -v pacman >/dev/null; then
    map="cc=gcc pkg-config=pkgconf libarchive=libarchive libpcre2-8=pcre2 libxml-2.0=libxml2 yaml-0.1=libyaml jansson=jansson
         libseccomp=libseccomp cmocka=cmocka python3=python bsdtar=libarchive"
    before=
    install='pacman -S --needed --noconfirm'
elif command -v brew >/dev/null; then
    map="cc=gcc pkg-config=pkg-config libarchive=libarchive libpcre2-8=pcre2 libxml-2.0=libxml2 yaml-0.1=libyaml jansson=jansson
         cmocka=cmocka python3=python bsdtar=libarchive"
    before=
    install='brew install'
else
    echo "missing:$missing; no package manager that this script knows" >&2
    exit 1
fi

packages=
for word in $missing; do
    for pair in $map; do
        [ "${pair%%=*}" != "$word" ] || packages="$packages $(echo "${pair#*=}" | tr , ' ')"
    done
done
command="$before$install$packages"

if [ "${install%% *}" = brew ] || [ "$(id -u)" -eq 0 ]; then
    as=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as='sudo '
else
    echo "missing:$missing" >&2
    echo "this needs root; run: $command" >&2
    exit 1
fi
echo "missing:$missing"
echo "+ $as$command"
DEBIAN_FRONTEND=noninteractive ${as:+sudo} sh -c "$command" || exit 1

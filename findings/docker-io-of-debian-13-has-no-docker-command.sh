#!/bin/bash
# docker.io 26.1.5 (Debian 13; 28.5 of 14 too): the package has Docker's daemon and no command `docker`. That is in
# docker-cli, which docker.io only recommends: where recommended packages are not installed (an image made by
# mmdebstrap, apt with Install-Recommends off), the daemon runs and nobody there can speak to it. In Debian 12 docker.io
# 20.10.24 has both.
#
# Guessed: docker.io has both in every release, for a daemon without its client is of no use.
#
# Prints, and fails if it becomes otherwise:
#   bookworm: dockerd docker
#   trixie: dockerd
#   trixie depends on docker-cli: no, recommends it: yes
#
# Needs root and apt's keys of Debian 12 and 13.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"/{lists/partial,cache/archives/partial,state}
touch "$folder/status"
for suite in bookworm trixie; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
done > "$folder/sources"
apt() {
    apt-get -qq -o Dir::Etc::SourceList="$folder/sources" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$folder/lists" \
        -o Dir::State::Status="$folder/status" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@" > /dev/null
}
apt update
# of a package: $1 the release, $2 its version
commands() {
    (cd "$folder" && rm -f docker.io_*.deb && apt download "docker.io=$2")
    echo "$1: $(dpkg-deb --fsys-tarfile "$folder"/docker.io_*.deb | tar -t | sed -n 's,^\./usr/s*bin/\(docker\|dockerd\)$,\1,p' | sort -r | paste -sd ' ')"
}
names() { dpkg-deb -f "$folder"/docker.io_*.deb "$1" | grep -qw docker-cli && echo yes || echo no; }
seen=$(
    commands bookworm 20.10.24+dfsg1-1+deb12u1+b6
    commands trixie 26.1.5+dfsg1-9+deb13u1+b1
    echo "trixie depends on docker-cli: $(names Depends), recommends it: $(names Recommends)"
)
echo "$seen"
wanted='bookworm: dockerd docker
trixie: dockerd
trixie depends on docker-cli: no, recommends it: yes'
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

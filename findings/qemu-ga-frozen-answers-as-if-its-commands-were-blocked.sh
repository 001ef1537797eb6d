#!/bin/bash
# qemu-ga 10.0 (Debian 13): while its guest is frozen for a backup, guest-info lists guest-exec as disabled, and
# guest-exec answers word for word as it does where whoever runs the guest has blocked it.
#
# Guessed: a frozen agent says that it is frozen, as 7.2 (Debian 12) does: "Command guest-exec has been disabled: the
# agent is in frozen state". So who advises to allow a command must ask guest-fsfreeze-status first.
#
# Prints, and fails if it becomes otherwise:
#   blocked: enabled False, Command guest-exec has been disabled: the command is not allowed, thawed
#   frozen: enabled False, Command guest-exec has been disabled: the command is not allowed, frozen
#
# Needs root and apt's key of Debian 13. Nothing is frozen: an agent that finds its own note of it takes itself for so.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"/{lists/partial,cache/archives/partial,root/{usr/{bin,sbin,lib,lib64},dev,state}}
touch "$folder/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$folder/sources"
apt() {
    apt-get -qq -o Dir::Etc::SourceList="$folder/sources" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$folder/lists" \
        -o Dir::State::Status="$folder/status" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root \
        -o APT::Install-Recommends=0 -o Acquire::Languages=none "$@" > /dev/null
}
apt update
apt -y --download-only install qemu-guest-agent
for name in bin sbin lib lib64; do ln -s "usr/$name" "$folder/root/$name"; done
for deb in "$folder"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$folder/root" --keep-directory-symlink
done
mknod -m 666 "$folder/root/dev/null" c 1 3

cat > "$folder/ask.py" <<'PYTHON'
import json, os, signal, socket, subprocess, sys, time

root = sys.argv[1]


def asked(*options):
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "chroot", root, "qemu-ga"]
    path = "/state/agent"
    agent = subprocess.Popen([*command, "-m", "unix-listen", "-p", path, "-t", "/state", "-f", "/state/pid", *options])
    try:
        while not os.path.exists(root + path):
            assert agent.poll() is None
            time.sleep(0.05)
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(root + path)
            with there.makefile("rw") as line:
                for name in ("guest-info", "guest-exec", "guest-fsfreeze-status"):
                    arguments = {"path": "/bin/true"} if name == "guest-exec" else {}
                    line.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
                    line.flush()
                    yield json.loads(line.readline())
    finally:
        with open(f"/proc/{agent.pid}/task/{agent.pid}/children") as children:
            os.kill(int(children.read()), signal.SIGKILL)
        agent.wait()
        os.unlink(root + path)


for state in ("blocked", "frozen"):
    if state == "frozen":
        open(root + "/state/qga.state.isfrozen", "w").close()
    info, executed, status = asked(*(["--block-rpcs=guest-exec"] if state == "blocked" else []))
    (enabled,) = (c["enabled"] for c in info["return"]["supported_commands"] if c["name"] == "guest-exec")
    print(f"{state}: enabled {enabled}, {executed['error']['desc']}, {status['return']}")
PYTHON
seen=$(python3 "$folder/ask.py" "$folder/root" 2> "$folder/errors" || { cat "$folder/errors" >&2; exit 1; })
echo "$seen"
wanted='blocked: enabled False, Command guest-exec has been disabled: the command is not allowed, thawed
frozen: enabled False, Command guest-exec has been disabled: the command is not allowed, frozen'
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

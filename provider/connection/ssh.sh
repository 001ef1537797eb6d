#!/bin/sh
# ssh as libvirt is to start it (`command` of a URI): in a session without a terminal, so that nothing asks there unseen,
# no ssh for a jump host either, and Ctrl-C does not break a connection under what is being finished.
command -v ssh >/dev/null || {
    echo "there is no ssh on this machine" >&2
    exit 127
}
unset DISPLAY SSH_ASKPASS
export SSH_ASKPASS_REQUIRE=never
set -- ssh -o BatchMode=yes -o ConnectTimeout=8 "$@"
command -v setsid >/dev/null && exec setsid "$@"
exec "$@"

#!/bin/bash
# Pulumi's Python SDK 3.272.0: a program that catches the error of an awaited `invoke_async` runs on, and fails all the same.
#
# Guessed: an exception that the program has caught is dealt with, as anywhere in Python.
# Seen: the `except` block runs, everything behind it too, and when the program has come to its end the SDK raises the
# caught error a second time (its RPC manager has kept the first one of the whole run). So a program can't ask a
# provider something that may fail; the provider's function has to answer "not known" as a value.
#
# Prints, and fails if it becomes otherwise:
#   caught: the host does not answer
#   came to its end
#   raised again at the end: the host does not answer
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pulumi==3.272.0

cat > "$folder/program.py" <<'PYTHON'
import asyncio

import pulumi
from pulumi.runtime import mocks, stack


class NoAnswer(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, args.inputs

    def call(self, args):
        raise RuntimeError("the host does not answer")


async def program():
    try:
        await pulumi.runtime.invoke_async("libvirt:index/getNodeInfo:getNodeInfo", {})
    except Exception as error:
        print("caught:", str(error).splitlines()[-1])
    print("came to its end")


async def run():
    mocks.set_mocks(NoAnswer())
    await stack.run_pulumi_func(program)


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
try:
    loop.run_until_complete(run())
    print("nothing more")
except Exception as error:
    print("raised again at the end:", str(error).splitlines()[-1])
PYTHON

seen=$("$folder/venv/bin/python" "$folder/program.py" 2> "$folder/errors" || { cat "$folder/errors" >&2; exit 1; })
echo "$seen"
wanted='caught: the host does not answer
came to its end
raised again at the end: the host does not answer'
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

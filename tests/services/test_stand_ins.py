"""Images are written as files that Docker would load, and what stands in for the proxy really asks behind."""

import hashlib
import io
import json
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import container_image
from lab.container_image import Health, Image
from tests import needs
from tests.services import stand_ins

BASE = container_image.layer({"bin/tool": b"#!/bin/sh\n", "etc/a/b": b"x"}, {"bin/other": "/bin/tool"})
ONE = Image("some/one:1", (BASE, container_image.layer({"start": b"1"})), ("/start",), {"A": "b"}, (80,))
TWO = Image(
    "some/two:2",
    (BASE, container_image.layer({"start": b"2"})),
    ("/start", "on"),
    health=Health("true", interval=3),
)


def opened(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {
            each.name: b"" if (file := archive.extractfile(each)) is None else file.read()
            for each in archive.getmembers()
            if each.isreg()
        }


def test_a_layer_has_the_folders_of_its_files_first_and_all_of_it_is_roots() -> None:
    with tarfile.open(fileobj=io.BytesIO(BASE)) as archive:
        entries = archive.getmembers()
    names = [each.name for each in entries]
    assert names == ["bin", "etc", "etc/a", "bin/tool", "etc/a/b", "bin/other"]
    assert {(each.uid, each.gid, each.mtime) for each in entries} == {(0, 0, 0)}
    assert {each.mode for each in entries} == {0o755}
    assert [each.linkname for each in entries if each.issym()] == ["/bin/tool"]


def test_the_archive_names_each_image_with_its_layers_in_their_order() -> None:
    files = opened(container_image.archive([ONE, TWO]))
    manifest = json.loads(files["manifest.json"])
    assert [each["RepoTags"] for each in manifest] == [["some/one:1"], ["some/two:2"]]
    for image, told in zip((ONE, TWO), manifest, strict=True):
        assert [files[path] for path in told["Layers"]] == list(image.layers)
        config = files[told["Config"]]
        assert hashlib.sha256(config).hexdigest() == told["Config"].removesuffix(".json")
        assert container_image.image_id(image) == f"sha256:{hashlib.sha256(config).hexdigest()}"
        digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in image.layers]
        assert json.loads(config)["rootfs"] == {"type": "layers", "diff_ids": digests}


def test_a_layer_that_two_images_have_is_in_the_archive_once() -> None:
    with tarfile.open(fileobj=io.BytesIO(container_image.archive([ONE, TWO]))) as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))
    assert len([name for name in names if name.endswith("layer.tar")]) == 3


def test_what_a_container_is_run_with_is_in_its_configuration() -> None:
    files = opened(container_image.archive([ONE, TWO]))
    one, two = (json.loads(files[each["Config"]]) for each in json.loads(files["manifest.json"]))
    assert one["config"]["Env"] == ["PATH=/bin", "A=b"]
    assert one["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert "Healthcheck" not in one["config"]
    assert two["config"]["Cmd"] == ["/start", "on"]
    assert two["config"]["Healthcheck"]["Interval"] == 3_000_000_000
    assert [each["architecture"] for each in (one, two)] == ["amd64", "amd64"]


def test_the_same_images_are_the_same_bytes() -> None:
    assert container_image.archive([ONE, TWO]) == container_image.archive([ONE, TWO])


def test_another_version_of_a_stand_in_is_another_image_with_the_same_files() -> None:
    files = stand_ins.layer(b"", ["sh"])
    tags = set()
    for name in stand_ins.STANDS_FOR:
        old, new = (stand_ins.image(name, version, files) for version in ("2.1.36", "2.1.37"))
        assert old.layers == new.layers == (files,)
        assert old.command[0].lstrip("/") in opened(files)
        assert (old.tag, new.tag) == (f"firethorn/{name}:2.1.36", f"firethorn/{name}:2.1.37")
        tags |= {container_image.image_id(old), container_image.image_id(new)}
    assert len(tags) == 2 * len(stand_ins.STANDS_FOR)


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    """What the scripts do is tried with this machine's own busybox."""
    busybox = needs.tool("busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    (tmp_path / "bin").mkdir()
    for name in applets:
        (tmp_path / "bin" / name).symlink_to(busybox)
    return {"PATH": str(tmp_path / "bin")}


@pytest.fixture
def backend(tools: dict[str, str], tmp_path: Path) -> Iterator[str]:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/index.html").write_text("I am behind\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [needs.tool("busybox"), "httpd", "-f", "-p", f"127.0.0.1:{port}", "-h", str(tmp_path / "www")]
    with subprocess.Popen(command) as server:
        while server.poll() is None and not listens(port):
            pass
        yield f"http://127.0.0.1:{port}"
        server.kill()


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def run(text: str, said: str, environment: dict[str, str], folder: Path) -> str:
    local = text.replace("/tmp.$$", f"{folder}/tmp.$$").replace("/password", f"{folder}/password")
    done = subprocess.run(
        [needs.tool("busybox"), "sh", "-c", local],
        input=said.encode(),
        capture_output=True,
        env=environment,
        timeout=20,
        check=False,
    )
    return (done.stdout + done.stderr).decode()


def test_the_proxy_answers_with_what_is_behind_it(
    backend: str, tools: dict[str, str], tmp_path: Path
) -> None:
    told = run(
        stand_ins.SCRIPTS["proxy"]["answer"],
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        {**tools, "BACKEND": f"{backend}/"},
        tmp_path,
    )
    head, _, body = told.partition("\r\n\r\n")
    assert head.splitlines() == ["HTTP/1.0 200 OK", "Via: 1.0 apache", "Content-Length: 12"]
    assert body == "I am behind\n"


def test_the_proxy_says_so_when_nobody_is_behind_it(tools: dict[str, str], tmp_path: Path) -> None:
    told = run(
        stand_ins.SCRIPTS["proxy"]["answer"],
        "GET / HTTP/1.1\r\n\r\n",
        {**tools, "BACKEND": "http://127.0.0.1:1"},
        tmp_path,
    )
    assert told.startswith("HTTP/1.0 502 ")
    assert told.endswith("apache: no answer from http://127.0.0.1:1\n")


def test_the_database_answers_who_knows_the_password_and_does_not_start_without(
    tools: dict[str, str], tmp_path: Path
) -> None:
    start, answer = (stand_ins.SCRIPTS["database"][part] for part in ("start", "answer"))
    tools = {**tools, "NAME": "postgres", "VERSION": "2.1.36"}
    assert "no superuser password" in run(start, "", tools, tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    prepare = start.replace("exec nc -ll -p 5432 -e /database/answer", "")
    assert run(prepare, "", {**tools, "POSTGRES_PASSWORD_FILE": str(secret)}, tmp_path) == ""
    assert run(answer, "s3cret\n", tools, tmp_path) == "postgres 2.1.36\n"
    assert run(answer, "other\n", tools, tmp_path) == "no\n"

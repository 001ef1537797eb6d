"""docs/recovery.md: what each part says to type is typed, as it is printed.

Parts that take a hypervisor on which things can break are played elsewhere.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from cli import ROOT
from config.plan import Plan
from tests.typed.clone import DEBIANS, Clone
from tests.typed.conftest import copied

PAGE = (ROOT / "docs/recovery.md").read_text(encoding="utf-8")
# Who plays the parts that are not played here.
ELSEWHERE = {
    "libvirtd went away, or the connection broke, during an `up`.": "tests/crash",
    "The disk with the state is full.": "tests/faults/test_full_disk.py",
    "Guests get no addresses.": "tests/faults/test_surroundings.py",
    "A guest's disk was removed.": "tests/provider/storage/test_volume.py",
    "The host was reinstalled.": "tests/firstday/test_when_broken.py",
    "The pool's disk is not mounted.": "tests/provider/storage/test_pool.py",
    "The host is not who it was, and it is the same one.": "tests/faults/test_surroundings.py",
    "A note says that something could not be looked at.": "tests/provider/host/test_optional_looks.py",
}


def parts() -> dict[str, str]:
    """Title and text of each, the text in one line."""
    items = re.split(r"^- ", PAGE, flags=re.M)[1:]
    found = (re.match(r"\*\*(.*?)\*\*(.*)", " ".join(item.split())) for item in items)
    return {each[1]: each[2] for each in found if each}


def commands(title: str) -> list[str]:
    """What a part says to type."""
    return re.findall(r"`(\./trop .*?)`", parts()[title])


@pytest.fixture(scope="module")
def made(first: Clone, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The stack is up, without VMs: those need a hypervisor that keeps what is made."""
    clone = copied(first, tmp_path_factory.mktemp("made"))
    fleet = clone.root / "config/fleet.yaml"
    text, times = re.subn(r"holder: Acilamwen", "", fleet.read_text(encoding="utf-8"))
    assert times == 1
    fleet.write_text(text, encoding="utf-8")
    head = clone.file.read_text(encoding="utf-8").partition("  trop:vms:")[0]
    clone.file.write_text(f"{head}  trop:vms: {{}}\n", encoding="utf-8")
    clone.host(plan)
    clone.well("./trop stack init trop02")
    clone.well("./trop up trop02 --yes")
    return clone


@pytest.fixture
def up(made: Clone, tmp_path: Path) -> Clone:
    """A copy of that, on the same host."""
    shutil.copytree(made.folder, tmp_path / "desk")
    return Clone(tmp_path / "desk")


def urns(clone: Clone) -> list[str]:
    return [record["urn"] for record in clone.resources()]


def test_every_part_is_played_here_or_elsewhere() -> None:
    here = {title for title in parts() if f'"{title}"' in Path(__file__).read_text(encoding="utf-8")}
    assert here == parts().keys()
    assert all((ROOT / where).exists() for where in ELSEWHERE.values())


def test_a_record_that_is_wrong_is_forgotten_and_found_again_by_adopt(up: Clone) -> None:
    forget, compare, export = commands("The state has a record that is wrong.")
    (urn,) = [urn for urn in urns(up) if "Network::" in urn and urn.endswith("bridged")]
    before = urns(up)
    assert up.well(forget.replace("URN", f"'{urn}'")).out == "Resource deleted\n"
    assert urns(up) == [each for each in before if each != urn]
    assert urn not in up.well(export).out
    assert "network bridged" in up.well(compare).out


def test_the_lock_of_an_update_that_was_killed_on_another_machine_goes(up: Clone) -> None:
    (cancel,) = commands("An `up` was killed.")
    folder = up.state / "locks/organization/trop/trop02"
    lock = {"pid": 7, "username": "op", "hostname": "elsewhere", "timestamp": "2026-11-23T04:22:58.75Z"}
    (folder / "851080a3-800a-4579-b53d-182d86575bfe.json").write_text(json.dumps(lock))
    refused = up.type("./trop up trop02 --yes --refresh=false")
    assert (refused.code, f"with `{cancel}`" in refused.err) == (1, True)
    up.well(cancel)
    up.well("./trop up trop02 --yes --refresh=false")


@pytest.mark.parametrize("where", ["backups", "bak"])
def test_a_state_that_is_gone_comes_back_from_its_copy(up: Clone, where: str) -> None:
    init, put_back, preview, _ = commands("The state is lost or damaged.")
    before = urns(up)
    shutil.copy(up.state_file, up.folder / "as-it-was.json")
    copy = max((up.state / "backups/trop/trop02").glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    if where == "bak":
        copy = up.state_file.with_name("trop02.json.bak")
    up.state_file.unlink()
    up.state_file.with_name("trop02.json.attrs").unlink()
    told = up.type(preview)
    assert (told.code, f"; to make it: {init}; then, to have its last state back: " in told.err) == (6, True)
    up.well(init)
    up.well(put_back.replace("COPY", str(copy)))
    assert set(urns(up)) == set(before)
    up.well(preview)


def test_the_line_about_a_stack_that_is_gone_gives_it_back(up: Clone) -> None:
    before = urns(up)
    up.state_file.unlink()
    first, second = re.findall(r"(\./trop stack .*?)(?:;|\n|$)", up.type("./trop preview trop02").err)
    up.well(first)
    up.well(second)
    assert urns(up) == before
    up.well("./trop up trop02 --yes --refresh=false --expect-no-changes")


@pytest.mark.parametrize("how", ["cut off", "empty"])
def test_a_state_that_is_damaged_says_what_to_type(up: Clone, how: str) -> None:
    before, whole = urns(up), up.state_file.read_bytes()
    up.state_file.write_bytes(whole[: len(whole) // 2] if how == "cut off" else b"")
    told = up.type("./trop preview trop02")
    command = re.search(r"`(\./trop .*?)` puts it back", told.err)
    assert command, told.text
    up.well(command[1])
    assert urns(up) == before


def test_without_any_copy_what_is_there_is_taken_over_again(up: Clone, plan: Plan) -> None:
    init, _, _, adopt = commands("The state is lost or damaged.")
    shutil.rmtree(up.state)
    up.host(plan, DEBIANS)
    assert up.type("./trop preview trop02").code == 6
    up.well(init)
    assert "1 object is in the state of trop02" in up.well(adopt).out
    up.well("./trop preview trop02")


def lose_the_passphrase(clone: Clone) -> dict[str, str]:
    """What the part says to do by hand: another passphrase, and a file without the salt and the secrets."""
    text = clone.file.read_text(encoding="utf-8")
    lines = [
        line
        for line in text.splitlines()
        if not re.search(r"encryptionsalt|secure:|secrets:$|password:$", line)
    ]
    assert len(lines) < len(text.splitlines())
    clone.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"PULUMI_CONFIG_PASSPHRASE": "another"}


def test_with_a_lost_passphrase_the_state_goes_into_a_new_stack(up: Clone) -> None:
    export, remove, init, put_back, _ = commands("The passphrase is lost.")
    up.well("./trop config trop02 set --secret --path trop:secrets.password hidden")
    before, lost = urns(up), {"PULUMI_CONFIG_PASSPHRASE": "forgotten"}
    assert "incorrect passphrase" in up.type("./trop up trop02 --yes --refresh=false", **lost).err
    up.well(export, **lost)
    up.well(remove, **lost)
    new = lose_the_passphrase(up)
    up.well(init, **new)
    up.well(put_back, **new)
    assert urns(up) == before
    up.well("./trop config trop02 set --secret --path trop:secrets.password hidden", **new)
    up.well("./trop up trop02 --yes --refresh=false --expect-no-changes", **new)


def test_with_a_lost_passphrase_and_secrets_in_the_state_what_runs_is_taken_over(
    up: Clone, plan: Plan
) -> None:
    export, remove, init, put_back, adopt = commands("The passphrase is lost.")
    state = json.loads(up.state_file.read_text(encoding="utf-8"))
    sealed = up.well("./trop config trop02 set --secret --path trop:secrets.password hidden") and re.search(
        r"secure: (\S+)", up.file.read_text(encoding="utf-8")
    )
    assert sealed
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": sealed[1]}
    state["checkpoint"]["latest"]["resources"][-1]["outputs"]["token"] = secret
    up.state_file.write_text(json.dumps(state), encoding="utf-8")
    up.state_file.with_name("trop02.json.attrs").unlink()
    lost = {"PULUMI_CONFIG_PASSPHRASE": "forgotten"}
    up.well(export, **lost)
    up.well(remove, **lost)
    new = lose_the_passphrase(up)
    up.well(init, **new)
    refused = up.type(put_back, **new)
    assert (refused.code, refused.err.count("\n")) == (1, 1), refused.text
    up.host(plan, DEBIANS)
    up.well(adopt, **new)
    up.well("./trop preview trop02", **new)


def test_the_same_hypervisor_by_another_uri_is_taken_up_by_one_up(up: Clone) -> None:
    set_uri, refreshless = commands("The hypervisor is reached by another URI now.")
    uri = f"test://{up.folder}/host.xml"
    state = up.state_file.read_text(encoding="utf-8")
    for record in up.resources():  # the same host, of which the test driver says that it is another
        if id := record.get("outputs", {}).get("hostUuid"):
            state = state.replace(id, str(uuid5(NAMESPACE_URL, uri)))
    up.state_file.write_text(state.replace("made0/host.xml", "made0/gone.xml"), encoding="utf-8")
    assert "gone.xml" in up.state_file.read_text(encoding="utf-8")
    up.state_file.with_name("trop02.json.attrs").unlink()
    up.well(set_uri.replace("…", uri))
    assert up.type("./trop up trop02 --yes").code == 1
    done = up.well(f"{refreshless} --yes")
    assert "6 unchanged" in done.out
    providers = [r["inputs"]["uri"] for r in up.resources() if r["type"] == "pulumi:providers:libvirt"]
    assert providers == [uri]

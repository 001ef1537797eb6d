"""The seeds' page, whole, on real Docker hosts: declared, deployed, answered, changed, meddled with and moved.

One lab serves the tests of this file in their order: each leaves all as it is declared.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.lab.stage import ENGINES, short_folder, started_by
from tests.services import page
from tests.services.hosts import BACK, FRONT, THIRD, Hosts, machine, proxy, wait_for
from tests.services.page import SECRETS, SERVED, stack
from tests.services.stand_ins import NEW, OLD

pytestmark = [pytest.mark.lab, pytest.mark.services, pytest.mark.soak]

PASSWORDS = {name: secrets.token_hex(12) for name in SECRETS.values()}
RUNNING = "docker service ls --format '{{.Name}} {{.Image}} {{.Replicas}}' | sort"
CONTAINER = "docker inspect -f '{{.ID}}' apache"
# Names the files that have what is said to it, then tells how often the journal and all processes have it.
LOOK = """
umask 077
cat > /run/looked-for
found() { grep -v -e /run/docker/ -e ^/run/looked-for; }
grep -rlsF -f /run/looked-for /etc /root /home /tmp /run /var/lib/trop-services /var/lib/cloud /var/log /var/tmp | found
find /var/lib/docker /var/lib/containerd -xdev -type f -size -8M -exec grep -lsF -f /run/looked-for {} +
journalctl | grep -cF -f /run/looked-for
cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' '\\n' | grep -cF -f /run/looked-for
rm /run/looked-for
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Hosts]:
    """trop02 with a proxy and a back end, from nothing."""
    with short_folder() as folder:
        on = Hosts(folder, "trop02", ENGINES[0], guest="debian", patience=3 * page.WAIT)
        try:
            on.prepare()
            for name, value in PASSWORDS.items():
                on.secret(name, value)
            on.declare(vms={FRONT: machine(proxy()), BACK: machine(stack(OLD))})
            on.bring_up()
            yield on
        finally:
            on.lab.down(purge=True)
    assert started_by(folder) == []


def services(version: str) -> list[str]:
    return sorted(f"ft_{name} firethorn/{image}:{version} 1/1" for name, image in SERVED.items())


def test_the_page_at_the_float_is_the_back_ends_through_the_proxy(made: Hosts) -> None:
    answer = made.page()
    assert f"I am firethorn {OLD} on " in answer
    assert "Via: 1.0 apache" in answer
    told = made.inside(FRONT, "docker ps --format '{{.Names}} {{.Image}}'")
    assert told == "apache firethorn/apache:latest"


def test_five_services_run_in_the_swarm_stack(made: Hosts) -> None:
    assert made.inside(BACK, RUNNING).splitlines() == services(OLD)


def test_a_new_vm_comes_up_with_the_recipe(made: Hosts) -> None:
    told = made.inside(FRONT, "getent passwd Stevedore | cut -d: -f1; readlink -f /etc/localtime")
    assert told.split() == ["Stevedore", "/usr/share/zoneinfo/Europe/London"]


def test_a_preview_finds_nothing_to_do(made: Hosts) -> None:
    made.unchanged()


def test_no_password_is_anywhere_but_in_dockers_secrets_and_the_encrypted_state(made: Hosts) -> None:
    disks = (".qcow", ".qcow2", ".iso")
    files = [path for path in made.folder.rglob("*") if path.is_file() and path.suffix not in disks]
    assert files
    seeds = list(made.folder.rglob("*.iso"))
    assert seeds
    for name, secret in SECRETS.items():
        value = PASSWORDS[secret]
        ask = f"docker exec $(docker ps -q -f name=ft_{name}) cat /run/secrets/{secret}"
        assert made.inside(BACK, ask) == value
        assert [path for path in [*files, *seeds] if value.encode() in path.read_bytes()] == []
        assert value not in made.virsh("dumpxml", BACK)
        assert value not in made.must("stack", "export").text
        assert made.inside(BACK, LOOK, said=value).split() == ["0", "0"]


def test_what_is_killed_scaled_removed_or_added_by_hand_is_previewed_and_mended(made: Hosts) -> None:
    made.inside(FRONT, f"docker kill apache; docker run -d --name stray firethorn/firethorn-py:{OLD}")
    other = f"--no-resolve-image --image firethorn/ogsadai:{NEW}"
    made.inside(
        BACK,
        "docker service scale -d ft_jarmila=0; docker service rm ft_bethany;"
        f"docker service update -d {other} ft_gillian",
    )
    told = made.must("preview").out
    for line in (
        "container apache of Acilamwen: status exited -> running",
        f"container stray is not declared (image firethorn/firethorn-py:{OLD}",
        "service ft_bethany of Eterathiel is brought up",
        f"service ft_gillian of Eterathiel: image firethorn/ogsadai:{NEW} -> firethorn/firethorn:{OLD}",
        "service ft_jarmila of Eterathiel: ",
    ):
        assert line in told
    audited = made.trop("audit", made.stack, "--lab").text
    assert "container apache" in audited
    made.bring_up()
    assert made.inside(BACK, RUNNING).splitlines() == services(OLD)
    assert f"I am firethorn {OLD} on " in made.page()
    assert made.inside(FRONT, "docker ps --format '{{.Names}}' | sort").split() == ["apache", "stray"]
    made.unchanged()


def test_a_container_that_was_stopped_or_replaced_by_hand_is_previewed_and_mended(made: Hosts) -> None:
    made.inside(FRONT, "docker rm -f stray; docker stop apache")
    assert "container apache of Acilamwen: status exited -> running" in made.must("preview").out
    made.inside(FRONT, f"docker rm apache; docker run -d --name apache firethorn/firethorn-py:{OLD}")
    line = f"container apache of Acilamwen: image firethorn/firethorn-py:{OLD} -> firethorn/apache:latest"
    assert line in made.must("preview").out
    made.bring_up()
    assert f"I am firethorn {OLD} on " in made.page()


def test_another_version_is_previewed_deployed_and_seen_in_the_page(made: Hosts) -> None:
    before = made.inside(FRONT, CONTAINER)
    made.declare(vms={FRONT: machine(proxy()), BACK: machine(stack(NEW))})
    told = made.must("preview").out
    for name, image in SERVED.items():
        line = f"service ft_{name} of {BACK}: image firethorn/{image}:{OLD} -> firethorn/{image}:{NEW}"
        assert line in told
    assert made.inside(BACK, RUNNING).splitlines() == services(OLD)
    made.bring_up()
    assert made.inside(BACK, RUNNING).splitlines() == services(NEW)
    assert f"I am firethorn {NEW} on " in made.page()
    assert made.inside(FRONT, CONTAINER) == before


def test_the_float_moves_to_a_third_host_with_the_proxy_and_the_page_still_comes(made: Hosts) -> None:
    """The third one has its proxy from its seed disk, at its first boot."""
    at_boot = proxy() | {"delivery": "cloud-init"}
    made.declare(vms={FRONT: machine(), BACK: machine(stack(NEW)), THIRD: machine(at_boot)})
    made.hold(THIRD)
    made.bring_up()
    assert made.inside(FRONT, "docker ps -q") == ""
    assert wait_for(lambda: f"I am firethorn {NEW} on " in made.page())
    assert made.inside(THIRD, "docker ps --format '{{.Names}}'") == "apache"
    made.unchanged()

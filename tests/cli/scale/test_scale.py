"""The scale bench's pure parts: its fleet, its sums and ratios, its page and its picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from lxml import etree

import config
from cli.bench.measured import Used, used
from cli.scale import chart, figures, project, run
from cli.scale.figures import Figure
from cli.scale.measure import NAMES, Round, medians
from cli.scale.project import Size
from cli.words.command_line import UsageError
from config.read import stack_file


def _figure(vms: int, seconds: float, *, started: bool = False, hypervisors: int = 1) -> Figure:
    steps = {step: Used(seconds, seconds / 2, 100.0) for step in NAMES}
    return Figure(vms, hypervisors, started, 1, (0.5, 0.6), steps)


def test_vms_are_spread_evenly_and_none_is_lost():
    size = Size(3, 11)
    assert [size.of(index) for index in range(3)] == [4, 4, 3]
    assert sum(Size(10, 1000).of(index) for index in range(10)) == 1000


@pytest.mark.parametrize(("hypervisors", "vms"), [(0, 1), (3, 2), (1, 248), (56, 1000)])
def test_sizes_that_the_fleet_has_no_room_for_are_refused(hypervisors, vms):
    with pytest.raises(UsageError):
        Size(hypervisors, vms).check()


@pytest.mark.parametrize(("hypervisors", "vms"), [(1, 1), (1, project.MOST), (10, 1000)])
def test_the_plan_takes_the_benchs_fleet(tmp_path, hypervisors, vms):
    size = Size(hypervisors, vms)
    size.check()
    uris = [f"test:///{index}" for index in range(hypervisors)]
    project.write(tmp_path, size, uris, started=False)
    planned = []
    for index in (0, hypervisors - 1):
        name = f"Pulumi.{project.stack_name(index)}.yaml"
        planned.append(config.load(project.stack_name(index), stack_file(tmp_path / name), tmp_path, name))
    assert [len(plan.vms) for plan in planned] == [size.of(0), size.of(hypervisors - 1)]
    assert planned[0].vms[0].memory == project.MEMORY


def test_the_change_is_of_one_vm_and_keeps_what_the_engine_has_written(tmp_path):
    project.write(tmp_path, Size(1, 2), ["test:///0"], started=False)
    file = tmp_path / "Pulumi.bench01.yaml"
    before = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**before, "encryptionsalt": "v1:salt"}))
    project.change_one(tmp_path, 0)
    after = yaml.safe_load(file.read_text())
    assert after["encryptionsalt"] == "v1:salt"
    vms = after["config"]["trop:vms"]
    assert [vm.get("description") for vm in vms.values()] == [project.CHANGED, None]


def test_a_round_adds_the_stacks_up_and_the_median_is_of_the_rounds():
    rounds = []
    for seconds in (1.0, 5.0, 2.0):
        one = Round()
        one.add("up", Used(seconds, 1.0, 50.0))
        one.add("up", Used(seconds, 2.0, 70.0))
        rounds.append(one)
    rounds[0].add("no-op", Used(9.0, 9.0, 9.0))  # not in every round
    assert medians(rounds) == {"up": Used(4.0, 3.0, 70.0)}


def test_a_target_is_met_at_its_ratio_and_missed_beyond():
    small, large = _figure(100, 10.0), _figure(1000, 121.0, hypervisors=10)
    told = {t.text: t for t in figures.targets([small, large])}
    (no_op,) = [t for text, t in told.items() if "SDK" in text]
    assert (no_op.found, no_op.verdict) == (1.0, "met")
    growth = [t for text, t in told.items() if "a VM of 1,000" in text]
    assert {t.verdict for t in growth} == {"missed"}
    assert all(t.found == pytest.approx(1.21) for t in growth)
    (up,) = [t for text, t in told.items() if "started" in text]
    assert (up.found, up.verdict) == (None, "not measured")


def test_a_preview_is_held_against_the_faster_of_the_two_ways_of_the_sdk():
    large = _figure(1000, 10.0, hypervisors=10)
    large.used["sdk plain"] = Used(4.0, 8.0, 100.0)
    (no_op,) = [t for t in figures.targets([large]) if "SDK" in t.text]
    assert (no_op.found, no_op.cpu, no_op.verdict) == (2.5, 5.0 / 8.0, "missed")


def test_what_is_measured_again_takes_the_place_of_what_was_known():
    known = [_figure(100, 1.0), _figure(100, 1.0, started=True)]
    merged = figures.merged(known, [_figure(100, 2.0), _figure(10, 3.0)])
    assert [(f.vms, f.started, f.used["up"].seconds) for f in merged] == [
        (10, False, 3.0),
        (100, False, 2.0),
        (100, True, 1.0),
    ]


def test_figures_come_back_as_they_were_saved(tmp_path):
    file = tmp_path / "scale.json"
    assert figures.load(file) == []
    figures.save(file, [_figure(100, 1.25)])
    assert figures.load(file) == [_figure(100, 1.25)]
    file.write_text(json.dumps([{"vms": 1}]))
    with pytest.raises(UsageError, match=r"scale\.json"):
        figures.load(file)


def test_what_was_measured_is_on_the_page_though_a_later_size_fails(tmp_path, monkeypatch):
    def measure(size: Size, *_: object) -> Figure:
        if size.vms == 100:
            raise UsageError("no room")
        return _figure(size.vms, 1.0)

    monkeypatch.setattr(run, "DATA", tmp_path / "scale.json")
    monkeypatch.setattr(run, "_measure", measure)
    with pytest.raises(UsageError, match="no room"):
        run.run([10, 100], 1, 1, started=False, write=True)
    assert [f.vms for f in figures.load(tmp_path / "scale.json")] == [10]
    assert "10 VMs, defined" in (tmp_path / "scale.md").read_text()
    assert (tmp_path / "scale.svg").read_text().startswith("<svg")


def test_the_page_has_each_step_of_each_size_and_says_what_was_not_measured():
    page = figures.page([_figure(100, 1.5)], cores=2)
    assert "## 100 VMs, defined, on one hypervisor" in page
    assert all(f"| {name} | 1.50 | 15 | 0.75 | 100 |" in page for name in NAMES.values())
    assert "not measured" in page


def test_the_page_shows_no_picture_of_nothing():
    assert "scale.svg" not in figures.page([], cores=2)
    assert "scale.svg" not in figures.page([_figure(100, 1.0, started=True)], cores=2)
    assert "(scale.svg)" in figures.page([_figure(100, 1.0)], cores=2)


def test_the_picture_is_svg_with_a_point_for_each_measurement():
    sizes = [_figure(vms, float(vms)) for vms in (10, 100)]
    root = etree.fromstring(chart.picture(sizes).encode())
    dots = root.findall("{*}circle")
    assert len(dots) == len(chart.PANELS) * len(sizes) * len(chart.COLORS)
    assert etree.fromstring(chart.picture([]).encode()).tag.endswith("svg")


def test_of_as_many_vms_the_picture_has_those_on_the_most_hypervisors_and_none_that_are_started():
    sizes = [_figure(100, 1.0, hypervisors=10), _figure(100, 2.0), _figure(10, 1.0, started=True)]
    drawn = chart.picture(sizes)
    assert drawn == chart.picture(sizes[:1])
    assert "100 on 10" in drawn


@pytest.mark.parametrize(
    ("least", "step"), [(0, 1), (0.03, 0.05), (0.3, 0.5), (1, 1), (3, 5), (7, 10), (11, 20), (260, 500)]
)
def test_ticks_stand_at_round_numbers(least, step):
    assert chart.round_step(least) == pytest.approx(step)


def test_what_a_command_uses_is_its_own():
    spent = used([sys.executable, "-I", "-c", "print(sum(range(2_000_000)))"], {})
    assert spent.seconds > 0
    assert spent.cpu > 0
    assert spent.memory > 1


def test_a_command_that_fails_is_told_with_what_it_said_last():
    with pytest.raises(UsageError, match=r"failed \(3\).*out of luck"):
        used([sys.executable, "-I", "-c", "import sys; print('out of luck'); sys.exit(3)"], {})


def test_the_sdk_alone_registers_all_of_the_program(tmp_path: Path):
    project.write(tmp_path, Size(1, 2), ["test:///0"], started=False)
    line = [sys.executable, "-P", "-m", "cli.scale.sdk", str(tmp_path), "bench01"]
    environment = os.environ | {"PYTHONPATH": str(project.ROOT)}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    # the stack, two components with three objects, and for each VM one with three
    assert (done.returncode, done.stdout.strip()) == (0, str(1 + 2 + 3 + 2 * 4)), done.stderr

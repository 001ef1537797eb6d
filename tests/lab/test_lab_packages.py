"""What the guests are made of is found where a release has it, and named where it is not. Needs no root."""

import subprocess
from pathlib import Path

import pytest

from lab import debs, image, kernel_modules
from lab.facts import LabError


def package(cache: Path, name: str, *paths: str) -> None:
    """A Debian package with these files in the folder of downloaded ones."""
    tree = cache / f"{name}.tree"
    for path in ("DEBIAN/control", *paths):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(path)
    lines = (f"Package: {name}", "Version: 1", "Architecture: all", "Maintainer: none", "Description: none")
    (tree / "DEBIAN/control").write_text("\n".join([*lines, ""]))
    target = cache / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, target], check=True, capture_output=True)


def unpacked(tmp_path: Path, name: str, *paths: str) -> Path:
    cache, target = tmp_path / "cache", tmp_path / "packages"
    package(cache, name, *paths)
    debs.unpack([name], cache, target)
    return target


@pytest.mark.parametrize("path", ["bin/busybox", "usr/bin/busybox", "usr/sbin/busybox"])
def test_a_program_is_found_in_whichever_folder_its_package_has_it(tmp_path: Path, path: str) -> None:
    packages = unpacked(tmp_path, "busybox-static", path, "usr/share/doc/busybox-static/copyright")

    assert debs.file(packages, "busybox-static", "bin/busybox") == packages / path


def test_a_program_with_another_name_is_named_with_its_package(tmp_path: Path) -> None:
    packages = unpacked(tmp_path, "busybox-static", "usr/bin/busybox.static")

    with pytest.raises(LabError) as told:
        debs.file(packages, "busybox-static", "bin/busybox")
    assert str(told.value) == "the package busybox-static has no bin/busybox: the lab's guests need it"


@pytest.mark.parametrize(
    ("kernel", "tree"),
    [
        ("boot/vmlinuz-6.1", "lib/modules/6.1"),
        ("boot/vmlinuz-6.12", "usr/lib/modules/6.12"),
        ("usr/lib/modules/7.2/vmlinuz", "usr/lib/modules/7.2"),
    ],
)
def test_kernel_and_modules_are_found_in_the_places_of_each_release(
    tmp_path: Path, kernel: str, tree: str
) -> None:
    packages = unpacked(tmp_path, "linux-image-x", kernel, f"{tree}/kernel/fs/ext4.ko")

    assert debs.kernel_files(packages) == (packages / kernel, packages / tree)


def test_a_kernel_without_its_file_or_modules_is_named_with_its_packages(tmp_path: Path) -> None:
    packages = unpacked(tmp_path, "linux-binary-7.2", "usr/lib/modules/7.2/image")

    with pytest.raises(LabError) as told:
        debs.kernel_files(packages)
    words = "the kernel's packages (linux-binary-7.2) have no vmlinuz and no lib/modules/*/kernel"
    assert str(told.value) == words


def test_a_kernel_that_does_not_say_what_is_built_into_it_is_one_line(tmp_path: Path) -> None:
    packages = unpacked(tmp_path, "linux-modules-7.2", "lib/modules/7.2/kernel/fs/ext4.ko")
    tree = packages / "lib/modules/7.2"

    with pytest.raises(LabError) as told:
        kernel_modules.copy(kernel_modules.EARLY, tree, tmp_path / "modules")
    said = f"the kernel in {tree} has no modules.builtin: what is built into it can't be told"
    assert str(told.value) == said


def test_an_image_that_cannot_be_made_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    for name in debs.TOOLS:
        package(cache / "debs", name, "usr/share/doc/nothing")
    package(cache / "debs", "linux-image-x", "boot/vmlinuz-x", "lib/modules/x/kernel/fs/ext4.ko")

    monkeypatch.setattr(debs, "kernel", lambda: ["linux-image-x"])
    with pytest.raises(LabError, match="has no"):
        image.build(cache)
    assert not list(cache.glob("*.qcow2")) + list(cache.glob("build.*/"))

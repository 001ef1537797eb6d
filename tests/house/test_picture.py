"""docs/rooms.svg: what the imports say now, and readable."""

from __future__ import annotations

from tests.cli.map.pictures import words
from tests.cli.map.readable import must_be_readable
from tests.house import picture
from tests.house.graph import graph


def test_the_picture_in_docs_is_up_to_date() -> None:
    written = picture.FILE.read_text(encoding="utf-8")

    assert written == picture.document(), f"write it anew: {picture.COMMAND}"


def test_nothing_in_it_overlaps_or_leaves_it() -> None:
    must_be_readable(picture.document())


def test_rooms_stand_in_it_by_their_names_and_those_that_nothing_uses_do_not() -> None:
    files = {
        "engine/__init__.py": '"""The engine.\n\nMore of it."""',
        "engine/app.py": "from engine.run import graph",
        "engine/run/graph.py": "",
        "engine/alone.py": "",
    }
    shown = words(picture.picture(files, {"engine": (("app", "alone"), ("run",), ("__init__",))}))

    assert {"engine", "The engine.", "app", "run"} <= set(shown)
    assert {"alone", "__init__"} & set(shown) == set()


def test_what_a_used_room_uses_itself_is_no_line_of_its_own() -> None:
    files = {
        "cli/show.py": "from cli.rack import load\nimport engine.app, cli.words",
        "cli/rack.py": "from cli.live import look",
        "cli/live.py": "def f():\n    import cli.words",
        "cli/words.py": "",
        "engine/app.py": "",
    }
    uses = graph(files)

    assert uses.inside == {
        ("cli.show", "cli.rack"): 1,
        ("cli.rack", "cli.live"): 1,
        ("cli.live", "cli.words"): 1,
    }
    assert uses.across == {("cli", "engine"): 1}

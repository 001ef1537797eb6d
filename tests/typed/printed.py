"""Where sources print a command that is to be typed, and the test that types it; or holds its words, and why no more.

An audit's lines have a table of their own: tests/cli/audit/tried.py.  This file is longer than 300 lines because the
table is one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli import ROOT

ROOMS: Final = ("provider", "engine", "cli", "config", "lab", "components")
# What runs such commands itself, or is for who works on this project.
NOT_SAID: Final = (
    "cli/audit/",
    "cli/as_found/by_hand.py",
    "cli/bench/",
    "cli/releases/",
    "cli/scale/",
    "cli/quality.py",
    "cli/commands.py",
    "cli/demo.py",
    "cli/packages.py",
    "cli/stack_verbs.py",
    "cli/words/command_line.py",
    "engine/program/program.py",
    "lab/apt.py",
    "lab/machine/",
    "lab/debs.py",
    "lab/boot_disk.py",
    "provider/impact/page.py",
    "provider/domain/schema.py",
    "provider/resource/remedy.py",
)
_COMMAND: Final = re.compile(
    r"\./trop \w|\bvirsh \w|\bpulumi (import|state|new|up|stack|config|preview)\b|--allow|apt-get \w|net-start |"
    r"pool-start "
)
_MAKERS: Final = frozenset(
    {"pool_made", "how", "by_import", "not_ours", "virsh", "goes_on", "memory_dropped", "command", "_say"}
)


def places() -> Iterator[str]:
    """``file:function``."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(NOT_SAID):
                yield from (f"{name}:{where}" for where in sorted(set(_in(path))))


def _in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            said = ast.get_docstring(function, clean=False)
            for node in ast.walk(function):
                if _is_command(node, said):
                    yield function.name


def _is_command(node: ast.AST, docstring: str | None) -> bool:
    match node:
        case ast.Constant(value=str(text)) if text != docstring:
            return _COMMAND.search(text) is not None
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in _MAKERS
    return False


_LAB, _OWN = "tests/lab/test_remedies.py::", "tests/typed/test_existing.py::"
_WORDS, _BACK, _FLEET = "tests/typed/test_words.py::", "tests/typed/test_recovery.py::", "tests/cli/fleet/"
_DELETE, _HALTED = "tests/provider/domain/test_delete.py::", "tests/provider/domain/test_halted.py::"
_SAVED, _CHAINS, _ROOM = "tests/lab/test_saved.py::", "tests/lab/test_chains.py::", "tests/lab/test_room.py::"
_VOLUME, _UNREAD = "tests/provider/storage/test_volume.py::", "tests/provider/storage/test_unread.py::"
_TO_BE_MADE, _LEASES = (
    "tests/provider/storage/test_to_be_made.py::",
    "tests/provider/network/test_leases.py::",
)
_IDENTITY, _VERBS = "tests/provider/host/test_identity.py::", "tests/engine/verbs/"
_ADOPT, _PROTECTED, _STATUS = (
    "tests/cli/adopt/test_command.py::",
    "tests/cli/test_protected.py::",
    "tests/cli/lab/test_status.py::",
)
_LABS = "tests/cli/lab/test_lab.py::"
_POOLS = f"{_LAB}test_what_a_preview_lacks_is_made_by_the_lines_that_it_prints"
_TAKEN = f"{_OWN}test_the_printed_command_takes_the_object_over_and_the_preview_accepts_it"
_NO_STACK = f"{_WORDS}test_a_stack_that_is_not_made_yet_names_the_command_that_makes_it"
_LOCK = f"{_BACK}test_the_lock_of_an_update_that_was_killed_on_another_machine_goes"
_NO_LONGER = f"{_WORDS}test_a_protected_vm_is_let_go_in_its_own_stacks_file"
_ANOTHERS = f"{_WORDS}test_a_host_that_is_another_stacks_is_left_alone_and_the_line_says_where_this_ones_is"
_MISSING = f"{_VOLUME}test_a_missing_overlay_that_a_guest_names_is_not_made_anew"
_SEED = "tests/provider/storage/test_cloud_init_disk.py::test_another_seed_is_never_taken"
_NOBODY = f"{_FLEET}test_allow.py::test_a_name_is_looked_for_on_every_hypervisor"

# What is printed there is typed by this test.
TYPED: Final = {
    "provider/resource/saved.py:ways_out": (
        f"{_SAVED}test_a_float_leaves_a_saved_guest_only_once_that_was_started_by_the_line_that_is_told"
    ),
    "provider/resource/saved.py:file_told": (
        f"{_SAVED}test_of_a_guest_that_was_saved_to_a_file_it_is_said_what_a_start_and_a_move_do_to_that"
    ),
    "provider/storage/snapshots.py:commit": f"{_CHAINS}test_snapshots_are_told_and_end_by_the_line_that_is_told",
    "provider/storage/snapshots.py:back": (
        f"{_CHAINS}test_a_disk_that_was_copied_elsewhere_is_told_and_comes_back_by_the_line_that_is_told"
    ),
    "provider/storage/snapshots.py:kept": (
        "tests/provider/domain/test_snapshots.py::"
        "test_a_disk_that_a_block_job_writes_elsewhere_is_not_unplugged_and_its_guest_not_restarted"
    ),
    "provider/storage/snapshots.py:pull": (
        f"{_CHAINS}test_a_header_without_a_format_is_mended_by_the_line_that_is_told_while_the_guest_runs"
    ),
    "provider/storage/base_image.py:by_path": _POOLS,
    "provider/storage/standing.py:unknown": (
        f"{_UNREAD}test_a_volume_that_may_stand_on_the_one_that_goes_is_named_and_nothing_is_deleted"
    ),
    "provider/storage/storage.py:active_pool": (
        f"{_TO_BE_MADE}test_a_pool_that_is_stopped_is_started_by_the_line_that_is_told"
    ),
    "provider/storage/storage.py:require_pool": (
        f"{_TO_BE_MADE}test_a_volume_whose_pool_is_gone_stays_as_it_is_known_and_is_looked_at_later"
    ),
    "provider/storage/volume.py:_look": (
        f"{_UNREAD}test_a_domain_that_can_not_be_read_may_have_the_volume_and_is_named"
    ),
    "provider/storage/volume.py:_missing": _MISSING,
    "provider/domain/life.py:_not_hard": (
        f"{_DELETE}test_a_guest_that_does_not_shut_down_is_left_running_and_the_line_says_what_would_allow_it"
    ),
    "provider/domain/life.py:_paused": f"{_DELETE}test_a_paused_guest_is_not_waited_for",
    "provider/domain/life.py:_refuse_saved": f"{_DELETE}test_a_saved_guest_is_not_thrown_away_with_its_memory",
    "provider/domain/life.py:start": (
        "tests/provider/domain/test_saved.py::"
        "test_an_image_that_cannot_be_read_does_not_keep_others_from_being_made_and_says_what_gives_it_up"
    ),
    "provider/domain/new.py:disk_format": (
        "tests/provider/domain/test_create.py::"
        "test_a_disk_that_no_pool_has_is_found_once_the_pool_is_made_by_the_line_that_is_told"
    ),
    "provider/domain/resource.py:read": (
        f"{_HALTED}test_a_preview_says_that_it_does_not_go_on_and_why_and_nothing_is_done"
    ),
    "provider/nic/refusals.py:halted": f"{_HALTED}test_a_float_is_not_moved_to_it_and_that_is_said_at_once",
    "provider/nic/refusals.py:place_made": f"{_ROOM}test_the_line_that_gives_a_definition_a_place_does_so",
    "provider/nic/refusals.py:refuse_taken": (
        "tests/provider/nic/test_saved.py::test_no_third_domain_gets_a_mac_that_a_saved_one_comes_back_with"
    ),
    "provider/nic/refusals.py:refuse_waiting": (
        f"{_ROOM}test_a_float_for_a_guest_without_a_slot_waits_and_one_that_works_elsewhere_stays_there"
    ),
    "provider/nic/refusals.py:require_networks": (
        "tests/provider/nic/test_resource.py::test_a_network_that_is_off_is_started_by_the_line_that_is_told"
    ),
    "provider/resource/own.py:by_import": (
        "tests/typed/test_existing_plain.py::test_the_command_with_the_parents_urn_takes_it_over"
    ),
    "provider/resource/own.py:not_ours": _TAKEN,
    "provider/network/resource.py:create": _TAKEN,
    "provider/network/tell.py:_staged": (
        "tests/provider/network/test_restart.py::"
        "test_a_restart_that_is_allowed_gives_the_network_all_that_waits"
    ),
    "provider/network/tell.py:waiting_subnet": (
        f"{_LEASES}test_as_long_as_it_waits_each_look_says_so_and_how_to_have_it"
    ),
    "provider/impact/allow.py:how": (
        "tests/provider/impact/test_table.py::test_what_is_printed_allows_it_as_it_is_typed_for_either_engine"
    ),
    "provider/host/identity.py:refuse_another": (
        f"{_IDENTITY}test_a_host_that_was_renamed_is_taken_into_the_state_by_the_way_out_in_the_line"
    ),
    "provider/host/identity.py:unlike": (
        f"{_IDENTITY}"
        "test_one_of_two_hosts_with_one_uuid_that_got_its_own_is_taken_into_the_state_as_the_line_says"
    ),
    "engine/context.py:locked": _LOCK,
    "engine/state/backend.py:_damaged": f"{_BACK}test_a_state_that_is_damaged_says_what_to_type",
    "engine/state/history.py:state_of": (
        f"{_VERBS}test_history.py::test_a_version_that_is_not_there_is_told_with_those_that_are"
    ),
    "engine/state/locks.py:refuse": _LOCK,
    "engine/state/locks.py:held": _LOCK,
    "engine/run/deletes.py:_refuse_protected": _NO_LONGER,
    "engine/verbs/destroying.py:finish": (
        f"{_WORDS}test_a_stack_of_which_all_is_destroyed_is_removed_by_the_line_that_is_told"
    ),
    "engine/verbs/stacks.py:_running": (
        f"{_VERBS}test_signals.py::"
        "test_a_run_that_is_alive_is_not_canceled_but_named_and_can_be_stopped_as_the_line_says"
    ),
    "engine/wording.py:unprotect": (
        f"{_VERBS}test_shell.py::test_nothing_is_deleted_while_something_protected_stands_in_the_way"
    ),
    "cli/words/wording.py:no_stack": _NO_STACK,
    "cli/words/wording.py:unprotect": _NO_LONGER,
    "cli/adopt/run.py:_exported": f"{_WORDS}test_adopting_into_a_stack_that_is_not_made_yet_names_the_command_once",
    "cli/adopt/run.py:_import": _TAKEN,
    "cli/adopt/run.py:_left_out": (
        f"{_ADOPT}test_what_could_not_be_read_is_taken_over_once_it_can_be_by_the_line_that_is_told"
    ),
    "cli/adopt/run.py:_run": f"{_OWN}test_the_file_to_import_is_for_a_command_that_works",
    "cli/adopt/match.py:_storage_faults": _POOLS,
    "cli/adopt/table.py:_groups": (
        "tests/lab/test_audit_host.py::test_a_disk_of_a_guest_that_is_off_is_missed_and_is_to_be_put_back"
    ),
    "cli/adopt/whose.py:_refused": _ANOTHERS,
    "cli/as_found/command.py:_there": (
        "tests/lab/test_as_found.py::test_a_lab_that_is_there_is_left_as_it_is_and_the_way_out_works"
    ),
    "cli/lab/stack.py:not_up": (
        "tests/lab/test_fleet.py::"
        "test_a_float_is_released_on_one_hypervisor_before_it_is_plugged_in_on_the_other"
    ),
    "cli/protected.py:_refuse_destroy": (
        f"{_PROTECTED}test_the_refusal_names_all_that_is_protected_and_each_way_out"
    ),
    "cli/protected.py:_refuse_up": (
        f"{_PROTECTED}test_an_up_without_a_preview_is_looked_at_for_what_is_protected_and_leaves"
    ),
    "components/host_look.py:_refuse_anothers": _ANOTHERS,
    "config/checks_services.py:how_to_set": (
        "tests/services/test_declared.py::test_a_password_is_set_by_the_line_that_is_told"
    ),
}

# Why what is printed at a place is not typed there.
ELSEWHERE, FILLED, CLI, MACHINE, ECHO = (
    "the same command is typed where another place prints it",
    "an operator fills in what it stands for",
    "it is the Pulumi CLI's own",
    "it would install something on the machine that tests",
    "it is no remedy: it says again what was typed, or read",
)

# Its words are held by this test, and not typed, for this reason.
HELD: Final = {
    "provider/domain/resource.py:_own_or_free": (
        "tests/provider/resource/test_own.py::test_one_with_a_parent_is_imported_below_it",
        ELSEWHERE,
    ),
    "cli/lab/stack.py:_refuse_another_clones": (
        "tests/cli/lab/test_stack.py::test_a_lab_that_another_clone_has_started_is_left_to_that_one",
        ELSEWHERE,
    ),
    "provider/guest/seen.py:_keep_what_is_there": (
        "tests/provider/guest/test_files_kept.py::"
        "test_a_change_that_would_lose_what_is_there_is_refused_with_both_ways_out",
        ELSEWHERE,
    ),
    "provider/impact/allow.py:_nobody": (
        "tests/provider/resource/test_own.py::test_words_that_allow_nothing_are_told",
        ECHO,
    ),
    "provider/network/tell.py:_anew": (
        f"{_LEASES}test_a_restart_with_another_subnet_promises_no_second_and_says_how_guests_come_back",
        FILLED,
    ),
    "provider/storage/cloud_init_disk.py:_preview": (_SEED, ELSEWHERE),
    "provider/storage/cloud_init_disk.py:create": (_SEED, ELSEWHERE),
    "provider/storage/pool.py:create": (
        "tests/provider/storage/test_pool.py::"
        "test_a_pool_of_another_hand_is_refused_by_name_and_by_directory",
        ELSEWHERE,
    ),
    "provider/storage/volume.py:_check_new": (
        f"{_VOLUME}test_an_overlay_into_which_something_was_written_is_never_taken",
        ELSEWHERE,
    ),
    "engine/context.py:stack": (f"{_VERBS}test_stack.py::test_a_stack_that_is_made_is_selected", FILLED),
    "engine/settings/project.py:find": (
        "tests/engine/settings/test_stackfile.py::test_without_a_project_the_line_says_so",
        CLI,
    ),
    "engine/state/backend.py:check_layout": (
        "tests/engine/state/test_backend.py::test_an_unknown_layout_is_refused",
        CLI,
    ),
    "cli/fleet/allow.py:_entries": (_NOBODY, ECHO),
    "cli/fleet/allow.py:in_vain": (_NOBODY, ECHO),
    "cli/fleet/command.py:_refuse_one_host_twice": (
        "tests/cli/test_same_host.py::"
        "test_up_of_all_stacks_is_refused_where_two_spellings_of_a_uri_lead_to_one_host",
        ELSEWHERE,
    ),
    "cli/fleet/command.py:parse": (
        f"{_FLEET}test_fleet.py::test_what_makes_no_sense_for_all_is_refused",
        ELSEWHERE,
    ),
    "cli/fleet/moves.py:why_not": (
        f"{_FLEET}test_moves.py::"
        "test_a_float_whose_last_hypervisor_cannot_be_asked_is_not_plugged_in_and_all_else_is_done",
        ELSEWHERE,
    ),
    "cli/fleet/stacks.py:of_repository": (
        "tests/firstday/test_further_days.py::test_all_stacks_at_once_want_a_hypervisor_each",
        ELSEWHERE,
    ),
    "cli/lab/command.py:_show": (
        f"{_STATUS}test_a_libvirtd_that_died_is_one_line_and_the_other_labs_are_shown",
        ELSEWHERE,
    ),
    "cli/lab/command.py:status": (f"{_STATUS}test_where_there_is_no_lab_the_way_to_one_is_told", ELSEWHERE),
    "cli/lab/command.py:up": (
        "tests/lab/test_lab_of_another_root.py::"
        "test_an_up_of_a_lab_that_runs_says_since_when_and_from_which_clone",
        ELSEWHERE,
    ),
    "cli/live.py:_declared_uri": (
        "tests/cli/audit/test_command.py::test_a_stack_without_a_uri_is_one_line_and_no_audit",
        FILLED,
    ),
    "cli/protected.py:_state": (f"{_PROTECTED}test_where_the_state_can_not_be_read_nothing_is_done", ECHO),
    "cli/whois/command.py:directory": (
        "tests/cli/whois/test_command.py::test_where_there_is_no_lab_the_way_to_one_is_told",
        ELSEWHERE,
    ),
    "lab/hypervisor.py:_kind": (
        f"{_LABS}test_a_lab_with_other_guests_is_left_as_it_is_and_the_way_to_a_new_one_is_told",
        ELSEWHERE,
    ),
    "lab/packages.py:command": (f"{_LABS}test_a_missing_package_gives_the_command_to_type", MACHINE),
    "lab/possible.py:why_not": (
        f"{_LABS}test_where_a_lab_cannot_even_be_tried_the_package_is_named",
        MACHINE,
    ),
}

"""Where each line that an audit prints was tried as it is printed, beside the rows of tests/lab/remedies.py."""

from __future__ import annotations

import re
from typing import Final

from tests.cli.audit.mends import OF_OTHERS

_HOST, _AUDIT, _TYPED = (
    "tests/lab/test_audit_host.py::",
    "tests/lab/test_audit.py::",
    "tests/cli/audit/test_typed.py::",
)
_UNREAD, _PLAIN, _LEASES = (
    "tests/cli/test_unread_told.py::",
    "tests/cli/audit/test_audit.py::",
    "tests/cli/audit/test_networks.py::",
)
_SERVICES = "tests/lab/test_services.py::test_what_was_done_by_hand_is_in_a_plain_preview_and_mended"
_RECIPE = f"{_TYPED}test_what_a_guest_lacks_of_the_recipe_is_in_what_the_line_shows_though_its_domain_has_another_name"
_LEASED = f"{_HOST}test_an_address_that_a_stranger_has_leased_is_told_and_given_back_by_the_line_that_is_told"
_WHOIS = f"{_TYPED}test_who_has_an_address_that_nobody_here_has_is_found_on_another_hypervisor"
_IN_A_LAB = (
    f"{_HOST}test_a_damaged_file_of_leases_keeps_nothing_else_from_being_seen_and_is_taken_away_as_told"
)
_ASKED = f"{_TYPED}test_what_keeps_libvirt_from_telling_an_object_is_asked_by_a_command_of_virsh"
_OTHER_BASE = f"{_TYPED}test_another_base_image_is_declared_and_is_no_fault_any_more"
_NOT_TO_RUN = (
    f"{_TYPED}test_a_float_whose_holder_is_not_to_run_is_brought_by_an_up_or_stays_once_that_is_declared"
)
_ONE_HOST = f"{_TYPED}test_a_stack_that_leads_to_anothers_host_is_judged_once_its_file_says_where_its_own_is"
_STOPPED = f"{_HOST}test_a_pool_that_was_stopped_is_started_by_the_line_that_is_told"
_UNMOUNTED = f"{_HOST}test_a_pool_whose_folder_is_not_mounted_is_told_and_none_of_the_disks_in_it"
_ELSES = f"{_HOST}test_what_is_somebody_elses_under_a_declared_name_is_mended_by_virsh_and_never_by_up"
_BY_HAND = f"{_AUDIT}test_what_is_done_with_virsh_by_hand_is_found_and_mended_by_the_lines_that_are_told"
_NOBODY = f"{_HOST}test_a_gateway_that_nobody_hears_is_told_once_with_all_who_asked_and_up_tells_it_too"
_DELETED = (
    f"{_HOST}test_a_disk_that_was_deleted_under_a_running_guest_is_written_anew_by_the_line_that_is_told"
)
_PUT_BACK = f"{_HOST}test_a_disk_of_a_guest_that_is_off_is_missed_and_is_to_be_put_back"
_TAKEN = f"{_AUDIT}test_a_base_image_that_is_taken_away_is_missed_at_once"
_OF_2021 = f"{_AUDIT}test_the_instructions_of_2021_are_found_to_name_a_mac_that_no_nic_has"
_OF_2023 = f"{_AUDIT}test_acilamwen_of_2023_gives_what_its_author_found_and_an_up_mends_it"
_HANGS = f"{_HOST}test_agents_that_hang_are_told_by_name_in_audit_and_preview"
_UNDEFINED = f"{_HOST}test_a_pool_that_was_undefined_comes_back_as_the_one_that_it_was"
_REMEDIES = "tests/lab/test_remedies.py::test_what_is_printed_mends_it_and_nothing_else_is_worse"
_FLEET = (
    "tests/lab/test_fleet.py::test_a_float_is_released_on_one_hypervisor_before_it_is_plugged_in_on_the_other"
)

_CHAINS, _SAVED, _ROOM = "tests/lab/test_chains.py::", "tests/lab/test_saved.py::", "tests/lab/test_room.py::"
_VLAN = f"{_ROOM}test_a_vlan_with_the_nics_mac_gets_nothing_of_what_the_float_is_set_up_with"
_GONE_BY_HAND = "tests/lab/test_services.py::test_a_container_that_was_removed_or_replaced_is_seen_and_mended"
_OWN_UUID = (
    "tests/provider/host/test_identity.py::"
    "test_one_of_two_hosts_with_one_uuid_that_got_its_own_is_taken_into_the_state_as_the_line_says"
)
_COMMITTED = f"{_CHAINS}test_snapshots_are_told_and_end_by_the_line_that_is_told"
_COPIED = f"{_CHAINS}test_a_disk_that_was_copied_elsewhere_is_told_and_comes_back_by_the_line_that_is_told"
_PULLED = f"{_CHAINS}test_a_disk_that_was_pulled_is_told_whether_libvirt_has_looked_or_not"
_UNSAID = f"{_CHAINS}test_a_header_without_a_format_is_mended_by_the_line_that_is_told_while_the_guest_runs"
_FULL = f"{_SAVED}test_a_guest_whose_disk_is_full_is_told_with_the_room_and_no_float_goes_to_it"
_STARTED = f"{_SAVED}test_a_float_leaves_a_saved_guest_only_once_that_was_started_by_the_line_that_is_told"
_GIVEN_UP = f"{_SAVED}test_a_float_goes_to_a_saved_guest_only_once_its_image_was_given_up"
_NO_SLOT = f"{_ROOM}test_a_float_for_a_guest_without_a_slot_waits_and_one_that_works_elsewhere_stays_there"
_RENEWED = (
    "tests/cli/audit/test_clones.py::test_what_tells_clones_apart_is_made_anew_by_the_line_that_is_told"
)
_JOB = "tests/lab/test_remedies.py::test_a_block_job_is_told_and_ends_as_whoever_began_it_has_it"

# A step of a line, as `mends.parts` has it -> the test that does it.
STEPS: Final = {
    "virsh blockcommit": _COMMITTED,
    "virsh blockpull": _UNSAID,
    "virsh blockjob": _JOB,
    "trop:vms.….overlay: false in Pulumi.….yaml": _PULLED,
    "make room in pool …": _FULL,
    "or, without what it had in memory: virsh managedsave-remove": _GIVEN_UP,
    "./trop up …, which leaves it to the next start (…)": _NO_SLOT,
    "virsh dumpxml": f"{_ROOM}test_the_line_that_gives_a_definition_a_place_does_so",
    OF_OTHERS: _OWN_UUID,
    "virsh blockcopy": _DELETED,
    "on the hypervisor: mv --backup=numbered … ….before": _COPIED,
    "virsh pool-start": _STOPPED,
    "see that … is mounted": _STOPPED,
    "mount what belongs at …": _UNMOUNTED,
    "virsh pool-refresh": _UNMOUNTED,
    "echo … | virsh pool-define": _UNDEFINED,
    "echo … | virsh pool-start": _UNDEFINED,
    "echo … | virsh pool-autostart": _UNDEFINED,
    "./trop adopt … --write --yes": _REMEDIES,
    "./trop up --all --lab": _FLEET,
    "virsh net-update": _LEASED,
    "sleep 10": _LEASED,
    "sleep 6": _LEASED,
    "then: sleep 6": _LEASED,
    "then: virsh domif-setlink": _LEASED,
    "find who has it: ./trop whois … --live": _WHOIS,
    "find who has it: ./trop whois … --lab": _IN_A_LAB,
    "what keeps libvirt from telling it, on the hypervisor: virsh dumpxml": _ASKED,
    "what keeps libvirt from telling it, on the hypervisor: virsh net-dumpxml": _ASKED,
    "what keeps libvirt from telling it, on the hypervisor: virsh pool-dumpxml": _ASKED,
    "./trop show cloud-init … has all of it": _RECIPE,
    "trop:vms.….baseImage: … in Pulumi.….yaml, or build it anew (README)": _OTHER_BASE,
    "trop:vms.….running: true in Pulumi.….yaml, or … as its holder in config/fleet.yaml": _NOT_TO_RUN,
    "trop:vms.….running: true in Pulumi.….yaml, or another VM as its holder in config/fleet.yaml": _NOT_TO_RUN,
    "set libvirt:uri in Pulumi.….yaml": _ONE_HOST,
    "declare it in Pulumi.….yaml, or remove it in the guest": _GONE_BY_HAND,
    "in Pulumi.….yaml or in the guest, as docs/services.md says": (
        "tests/services/test_engine.py::"
        "test_a_database_that_was_made_by_hand_keeps_its_data_through_its_next_version"
    ),
    f"on the hypervisor: {OF_OTHERS}": _REMEDIES,
    "in …: ip addr del …/… dev …, with the default route by it if there is one": _VLAN,
    "virsh vol-delete": _BY_HAND,
    "virsh start": _ELSES,
    "virsh managedsave-remove": _GIVEN_UP,
    "virsh autostart": _ELSES,
    "put back the very file, from a backup: …": _PUT_BACK,
    "put back the very file as it was: …": _TAKEN,
    "in …, …: … is to be …": _OF_2021,
    "in …: rm …": _OF_2023,
    "in …: rm -f /etc/machine-id /var/lib/dbus/machine-id": _RENEWED,
    "systemd-machine-id-setup": _RENEWED,
    "in …: rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub": _RENEWED,
    "ssh-keygen -A": _RENEWED,
    "bring up the router that has …, or name the right one: gateway in config/fleet.yaml": _NOBODY,
    "find what keeps … from it (it answers …): a filter, a VLAN, a switch's port": (
        f"{_HOST}test_a_gateway_that_one_guest_alone_does_not_hear_is_told_of_that_guest"
    ),
}

# What is no line to be typed: it says where to look, what is so, or what only whoever has the thing can do.
WORDS: Final = (
    "",
    "nothing",
    "nothing: this libvirt does not tell it",
    "nothing: it runs out by itself",
    "or declare the VM in Pulumi.….yaml, or give the slot up in config/fleet.yaml",
    "what keeps libvirt from telling it, on the hypervisor",
    "a VM that is gone leaves its lease to run out",
    "it is free after …",
    "wait until …: … is …, and can't give it back before",
    "in the guest",
    "then as it says",
    "in …: ip addr del …/… dev … on all but the NIC itself",  # no agent has told which devices these are
    "in …: install and start qemu-guest-agent",
    "in …: allow …: …",
    "audit it again once … is thawed",
    "make it answer (libvirt:uri in Pulumi.….yaml says where it is)",
    "then audit it again",
    "see to its disks",
    "the disk stays as it is",
    "else the guest's disk is not to be trusted",
    "stop it hard and start it again, once what it was doing was looked at",
    "wake it up: it sleeps, as its own system has it",
    "shut … down, which it cuts off",
    "reboot it, once it may be",
    "restart its SSH server",
)
# How a step begins that is a command: it is none of the words.
COMMANDS: Final = re.compile(r"(then: )?(virsh|\./trop|sleep|echo|mv) ")
# Where there is something to type at: libvirt, guests, or the program itself.
TERMINALS: Final = (
    "tests/lab/",
    "tests/firstday/",
    "tests/typed/",
    "tests/cli/audit/test_typed.py",
    "tests/provider/host/",
)

# A kind of finding without a row of its own -> where it is brought about, and mended as is said.
KINDS: Final = {
    "base-missing": _TAKEN,
    "base-other": _OTHER_BASE,
    "base-unused": _BY_HAND,
    "base-written": _BY_HAND,
    "block-job": _JOB,
    "disk-other": _COPIED,
    "float-twice": _VLAN,
    "gateway-silent": _NOBODY,
    "guest-file": _OF_2021,
    "guest-file-left": _OF_2023,
    "guest-unasked": _HANGS,
    "lease": _LEASED,
    "lease-left": f"{_LEASES}test_what_a_declared_change_leaves_for_a_while_is_a_note",
    "not-adopted": _ELSES,
    "overlay-pulled": _PULLED,
    "recipe-missing": _RECIPE,
    "same-host": _ONE_HOST,
    "same-host-keys": _RENEWED,
    "same-machine-id": _RENEWED,
    "same-uuid": (
        "tests/cli/test_same_host.py::"
        "test_two_hosts_of_one_uuid_and_two_names_are_both_judged_and_one_line_says_what_to_set"
    ),
    "service-kept": "tests/services/test_engine.py::"
    "test_a_database_that_was_made_by_hand_keeps_its_data_through_its_next_version",
    "service-undeclared": _GONE_BY_HAND,
    "service-wrong": _SERVICES,
    "slot-unused": f"{_PLAIN}test_what_is_as_declared_has_no_fault_and_empty_slots_are_a_note",
    "unreachable": _BY_HAND,
    "vm-saved": _STARTED,
    "untold": f"{_UNREAD}test_leases_that_a_driver_does_not_know_are_a_note_and_no_fault",
}

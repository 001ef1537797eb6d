"""Recorded runs that neither `cases.py` nor the texts of `shell/test_texts.py` do again: who does, or why nobody.

Every recorded run is claimed by one of the three; `test_claims.py` sees to that.
"""

from __future__ import annotations

# Done again elsewhere: the test that does it, by file and function.
ELSEWHERE: dict[str, str] = {
    "00/01": "test_stack.py::test_a_stack_begins_as_recorded",
    "00/02": "test_stack.py::test_a_stack_begins_as_recorded",
    "00/03": "test_stack.py::test_a_stack_begins_as_recorded",
    "00/04": "test_stack.py::test_a_stack_begins_as_recorded",
    "00/05": "test_stack.py::test_an_empty_stack_says_so",
    "05/03": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "06/03": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "06/06": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "07/03": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "08/06": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "09/03": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "12/04": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "16/07": "test_parts.py::test_all_but_what_is_protected_is_destroyed_and_then_there_is_nothing_left_to_do",
    "16/08": "test_state.py::test_a_protected_resource_is_freed_in_the_state",
    "16/13": "test_stack.py::test_a_removed_stack_leaves_the_file_that_declares_it",
    "16/15": "test_stack.py::test_a_stack_with_resources_is_not_removed",
    "17/01": "test_signals.py::test_a_killed_run_is_taken_up_by_the_next",
    "17/04": "test_locked.py::test_cancel_takes_the_lock_away_and_never_minds",
    "17/12": "test_locked.py::test_cancel_takes_the_lock_away_and_never_minds",
    "17/13": "test_locked.py::test_cancel_takes_the_lock_away_and_never_minds",
    "17/14": "test_signals.py::test_a_step_that_was_killed_is_pending",
    "17/16": "test_signals.py::test_a_step_that_was_killed_is_pending",
    "17/18": "test_signals.py::test_a_step_that_was_killed_is_pending",
    "18/01": "test_locked.py::test_a_locked_stack_is_refused_as_recorded",
    "18/03": "test_locked.py::test_a_locked_stack_can_be_looked_at",
    "18/04-": "test_locked.py::test_a_locked_stack_is_refused_as_recorded",
    "18/04a": "test_locked.py::test_a_locked_stack_is_refused_as_recorded",
    "18/04b": "test_locked.py::test_a_locked_stack_is_refused_as_recorded",
    "18/04c": "test_locked.py::test_a_locked_stack_is_refused_as_recorded",
    "18/05": "test_signals.py::test_a_killed_run_is_taken_up_by_the_next",
    "18/06": "test_locked.py::test_a_locked_stack_can_be_looked_at",
    "19/01": "test_signals.py::test_an_interrupt_lets_running_steps_finish",
    "19/02": "test_signals.py::test_a_provider_that_stops_when_told_to_ends_the_run_at_once",
    "19/03": "test_signals.py::test_a_second_interrupt_leaves_at_once_and_remembers_what_was_under_way",
    "19/05": "test_signals.py::test_a_provider_that_stops_when_told_to_ends_the_run_at_once",
    "19/06": "test_signals.py::test_a_second_interrupt_leaves_at_once_and_remembers_what_was_under_way",
    "19/07": "test_signals.py::test_a_sigterm_is_an_interrupt",
    "20/04": "test_shell.py::test_a_failed_preview_in_json_has_its_messages",
    "21/08": "test_shell.py::test_a_failed_preview_in_json_has_its_messages",
    "21/11": "test_program.py::test_a_syntax_error_shows_the_line_and_nothing_of_the_engine",
    "21/13": "test_verbs.py::test_what_is_wrong_with_the_command_is_one_recorded_line",
    "21/14": "test_verbs.py::test_what_is_wrong_with_the_command_is_one_recorded_line",
    "22/01": "test_state.py::test_an_export_is_the_state_and_comes_back",
    "22/02": "test_state.py::test_plain_secrets_of_an_export_are_encrypted_again",
    "22/03": "test_state.py::test_an_export_is_the_state_and_comes_back",
    "22/05": "test_state.py::test_plain_secrets_of_an_export_are_encrypted_again",
    "22/06": "test_state.py::test_an_import_that_would_break_the_state_is_refused",
    "22/07": "test_state.py::test_an_import_that_would_break_the_state_is_refused",
    "23/04": "test_shell.py::test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout",
    "23/08": "test_state.py::test_a_resource_is_renamed_in_the_state_as_recorded",
    "26/": "test_stack.py::test_stack_output_is_as_recorded",
    "29/01": "test_settings.py::test_settings_are_listed_and_read_as_recorded",
    "29/02": "test_settings.py::test_settings_are_listed_and_read_as_recorded",
    "29/03": "test_settings.py::test_settings_are_listed_and_read_as_recorded",
    "29/04": "test_settings.py::test_settings_are_listed_and_read_as_recorded",
    "31/01": "test_history.py::test_the_history_is_told_as_the_cli_tells_it_with_versions_that_count",
    "31/02": "test_history.py::test_the_history_as_json_is_the_recorded_one_with_versions_that_count",
    "31/03": "test_stack.py::test_a_stack_shows_what_it_holds",
    "31/04": "test_stack.py::test_a_stack_shows_what_it_holds",
    "31/05": "test_stack.py::test_stacks_are_listed_with_the_selected_one_marked",
    "31/06": "test_stack.py::test_stacks_are_listed_with_the_selected_one_marked",
    "31/07": "test_settings.py::test_settings_are_listed_and_read_as_recorded",
    "31/08": "test_settings.py::test_settings_are_listed_and_read_as_recorded",
}
# Other than the CLI's on purpose: the test of what is done instead.  docs/differences.md tells each of them.
DIFFERENT: dict[str, str] = {
    "14/04": "test_protect.py::test_the_preview_of_that_destroy_fails_too",
    "15/06": "test_options.py::test_an_import_that_would_be_replaced_fails_at_preview_already",
    "15/07": "test_options.py::test_an_import_that_would_be_replaced_fails_at_preview_already",
    "16/01": "test_protect.py::test_a_protected_resource_that_leaves_the_program_stops_all_deletes",
    "16/02": "test_protect.py::test_a_protected_resource_that_leaves_the_program_stops_all_deletes",
    "16/05": "test_protect.py::test_the_preview_of_that_destroy_fails_too",
    "16/06": "test_protect.py::test_destroy_beside_a_protected_resource_deletes_nothing_and_names_it",
    "17/02": "test_signals.py::test_a_killed_run_is_taken_up_by_the_next",
    "17/10": "test_parts.py::test_an_object_whose_create_was_interrupted_is_taken_over_by_its_id",
    "22/08": "test_history.py::test_an_earlier_state_can_be_exported_and_gone_back_to",
    "35/01": "test_program.py::test_the_program_runs_in_its_folder_and_knows_the_engine_and_all_is_put_back",
    "35/02": "test_program.py::test_the_program_runs_in_its_folder_and_knows_the_engine_and_all_is_put_back",
}
# The rows of docs/differences.md in which those runs are told.
TOLD: dict[str, str] = {
    "14/04": "`destroy` of a stack with protected resources",
    "15/06": "`import_` of what would have to be replaced",
    "15/07": "`import_` of what would have to be replaced",
    "16/01": "a protected resource leaves the program",
    "16/02": "a protected resource leaves the program",
    "16/05": "`destroy` of a stack with protected resources",
    "16/06": "`destroy` of a stack with protected resources",
    "17/02": "a lock whose owner is gone",
    "17/10": "`refresh --import-pending-creates`",
    "22/08": "`stack history`, `stack export --version`",
    "35/01": "the program",
    "35/02": "the program",
}
# Each row of the page that says where this engine is safer, and the test that it is.
SAFER: dict[str, str] = {
    "`destroy` of a stack with protected resources": (
        "test_protect.py::test_destroy_beside_a_protected_resource_deletes_nothing_and_names_it"
    ),
    "a protected resource leaves the program": (
        "test_protect.py::test_a_protected_resource_that_leaves_the_program_stops_all_deletes"
    ),
    "a change that the provider refuses (restart, outage, data loss)": (
        "test_impacts.py::test_a_delete_that_the_provider_refuses_is_refused_at_preview"
    ),
    "`import` of several objects": (
        "test_importing.py::test_nothing_is_imported_when_one_object_is_not_there_and_all_such_are_told"
    ),
    "`import` of an object that the state has under another name, by `import_` too": (
        "test_options.py::test_an_object_that_the_stack_has_under_another_name_is_not_imported_to_be_deleted_with_that"
    ),
    "`import_` of what would have to be replaced": (
        "test_options.py::test_an_import_that_would_be_replaced_fails_at_preview_already"
    ),
    "`.get()` of another object under the name of a resource that the stack manages, another ID in `import_`": (
        "test_safer.py::test_a_resource_that_the_stack_made_does_not_become_one_that_is_only_read"
    ),
    "a create that was interrupted": (
        "test_cancel.py::test_the_next_run_warns_of_an_interrupted_create_and_forgets_it_once_it_is_done"
    ),
    "`refresh --import-pending-creates`": (
        "test_parts.py::test_an_object_whose_create_was_interrupted_is_taken_over_by_its_id"
    ),
    "`--target` replaces something that the rest of the stack uses": (
        "test_scope.py::test_the_old_copy_of_a_target_stays_while_the_rest_of_the_stack_uses_it"
    ),
    "`destroy --target` of something that others depend on": (
        "test_safer.py::test_a_destroy_of_one_names_all_that_depends_on_it_children_too"
    ),
    "a lock whose owner is gone": "test_shell.py::test_a_lock_of_a_dead_process_is_taken_over_and_told",
    "a compressed state": "test_forms.py::test_it_is_written_in_its_form_with_its_bak_history_and_backups",
    "a journal beside the state, of a CLI that was cut off": (
        "test_forms.py::test_what_a_cli_has_written_beside_the_state_and_not_yet_taken_in_is_not_run_over"
    ),
    "plain values in YAML that its readers take differently (`010`, `0o10`, `1e3`, `0b11`, `1_000`, `.inf`)": (
        "test_plain_values.py::test_each_reader_of_ours_takes_it_alike"
    ),
    "`cancel` while the update runs on this machine": (
        "test_signals.py::test_a_run_that_is_alive_is_not_canceled_but_named_and_can_be_stopped_as_the_line_says"
    ),
    "a state file that has not the checksum beside it (`.attrs`), and is not younger": (
        "test_state_files.py::test_a_flipped_bit_that_leaves_the_state_valid_is_told_by_its_checksum"
    ),
    "secrets in messages": "test_secrets.py::test_nothing_that_is_said_has_a_secret_in_it",
    "`stack import` of a state file, as backups are": (
        "test_safer.py::test_a_backup_of_the_state_can_be_imported_as_it_is"
    ),
    "the lock during `up`": (
        "test_safer.py::test_what_was_shown_is_what_is_done_as_nobody_can_come_in_between"
    ),
    "`stack rm`, `destroy --remove`": "test_stack.py::test_a_removed_stack_leaves_the_file_that_declares_it",
    "`stack rename` to a name whose `Pulumi.<name>.yaml` is there": (
        "test_rename.py::test_a_file_that_declares_another_stack_is_not_run_over"
    ),
}

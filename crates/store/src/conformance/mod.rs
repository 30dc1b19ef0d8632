//! The suite that every engine passes: what the contract says, tried out.
//!
//! An engine's tests say where a store lives ([`Home`]) and call [`conformance_tests!`], which
//! makes one test of every case. A bug found in one engine becomes a case for all.
//!
//! [`conformance_tests!`]: crate::conformance_tests
//!
//! Races that job queues have lost elsewhere, and what shows that an engine does not. `traffic` is
//! [`traffic::no_promise_breaks_under_traffic`], which meets all that two callers can do to each
//! other; the tests of an engine run it and `race` on broken variants too.
//!
//! | race | shown by |
//! |---|---|
//! | a cancel looks, then acts on a job that has started | [`race`], `traffic` |
//! | a completion overwrites a cancel | [`cancelling::a_stop_ends_with_the_report_or_with_the_lease`], `traffic` |
//! | a cancel falls between a worker's last look and its end | [`cancelling::a_stop_ends_with_the_report_or_with_the_lease`] |
//! | a wake-up is lost, and the cancel with it | [`cancelling::a_cancel_may_lose_patience`]: each heartbeat repeats it |
//! | a stop is known in memory only | [`durability::everything_is_there_after_a_reopen`] |
//! | a worker outlives its lease and has its say | [`fencing::a_stale_attempt_can_do_nothing`], [`requeueing::an_attempt_before_the_retry_stays_fenced`], `traffic` |
//! | a cancelled job keeps its slot | [`claiming::a_limit_holds_through_every_way_a_slot_comes_free`], `traffic` |
//! | a claim takes more than it may | [`claiming::a_claim_returns_no_more_than_its_slots`], [`siblings::a_limit_bounds_a_group_and_the_rest_starts_later`], `traffic` |
//! | a pause is read before the claim | [`pausing::no_claim_that_follows_an_answered_pause_starts_its_jobs`], `traffic` |
//! | a resume wakes nobody | [`pausing::a_paused_pipeline_starts_nothing_and_resumes`] |
//! | a signed call is made twice at once, or again after a restart | [`once::of_two_replays_at_once_one_wins`], [`once::a_call_stays_known_after_a_reopen`] |
//! | two jobs with the same new content both store it | [`fingerprints::of_jobs_that_store_the_same_new_thing_at_once_one_does`] |
//! | a call with a key makes two things, or is refused without one, or is forgotten by a restart | [`keyed`] |
//! | what is told is not what was written | [`model`], [`submitting::wake_ups_follow_what_happened`], and the engine's tests of its writer |
//! | a cancel waits behind what it cancels, or for room on a full disk | the engine's tests of its writer |
//! | a call costs the more the more is queued | the engine's tests of its statements |
//!
//! What two callers can do to each other two nodes can as well: [`two_nodes`] has the races again with
//! a node on each side, where an engine can be shared.
//!
//! Two more need what SQLite with a single writer does not have: a read transaction that is upgraded
//! to write, and old row versions that a long reader keeps alive.

pub mod accounts;
pub mod arriving;
pub mod assets;
pub mod attempts;
pub mod auditing;
pub mod cancelling;
pub mod catalogue;
pub mod claiming;
pub mod deliveries;
mod dice;
pub mod documents;
pub mod durability;
pub mod events;
pub mod fencing;
pub mod fingerprints;
pub mod granting;
pub mod history;
pub mod keeping;
pub mod keyed;
pub mod keys;
pub mod kinds;
pub mod lanes;
pub mod libraries;
pub mod library_changes;
pub mod library_entries;
pub mod listing;
pub mod model;
pub mod nodes;
pub mod once;
pub mod pausing;
pub mod pipelines;
pub mod places;
pub mod race;
pub mod requeueing;
pub mod retrying;
pub mod sealing;
mod shelf;
pub mod siblings;
pub mod stream_listing;
pub mod stream_races;
pub mod streams;
mod studio;
pub mod submitting;
mod tenants;
pub mod ties;
pub mod traffic;
pub mod two_nodes;
pub mod users;
mod world;

use std::sync::Arc;

use async_trait::async_trait;

pub use tenants::first_account;
pub use world::{Shape, World};

use crate::Store;

/// A place for one store.
#[async_trait]
pub trait Home: Send + Sync {
    /// Opens it: empty at first, later with what it held when the handle before was dropped.
    async fn open(&self) -> Arc<dyn Store>;

    /// Opens it for another node while the first one has it open. The same handle, if it belongs to one
    /// process.
    async fn open_beside(&self, first: &Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::clone(first)
    }
}

/// Makes one test of every case. The argument is an expression that makes a new, empty [`Home`].
// A macro because tests have to be functions in the engine's own test binary.
#[macro_export]
macro_rules! conformance_tests {
    ($home:expr) => {
        $crate::conformance_tests! { @cases $home;
            accounts::the_first_account_is_made_once,
            accounts::an_account_comes_with_all_that_it_was_made_with,
            accounts::an_account_may_come_without_a_bucket,
            accounts::two_accounts_of_one_name_cannot_be,
            accounts::an_account_is_made_wholly_or_not_at_all,
            accounts::accounts_are_listed_in_pages,
            accounts::features_are_switched_per_account,
            accounts::limits_are_set_per_account_and_action,
            accounts::a_project_comes_with_its_pipeline,
            accounts::a_bucket_name_is_unique_inside_its_account,
            accounts::a_bucket_on_s3_keeps_its_place_and_its_secret_in_whatever_seal,
            keys::keys_are_found_by_their_id_and_their_digest,
            keys::a_key_needs_an_owner_and_an_id_of_its_own,
            keys::an_account_has_a_hundred_keys_at_most,
            keys::keys_are_listed_oldest_first,
            keys::a_key_is_switched_off_and_on,
            keys::a_deleted_key_is_gone,
            keys::a_rotation_brings_a_new_key_and_ends_the_old_one,
            keys::a_rotation_keeps_to_its_owner,
            keys::a_user_takes_its_keys_along_and_no_others,
            users::a_user_reads_back_as_it_was_made,
            users::a_user_name_is_unique_inside_its_account,
            users::a_password_is_set_and_removed,
            users::a_token_is_found_by_its_digest_until_it_is_revoked,
            users::a_new_password_ends_the_tokens_of_the_old_one,
            users::a_user_takes_its_tokens_and_attachments_along,
            users::an_account_has_a_thousand_users_at_most,
            granting::a_policy_is_stored_and_replaced,
            granting::an_attached_policy_is_not_deleted,
            granting::a_role_is_stored_and_replaced,
            granting::a_role_takes_its_attachments_along,
            granting::what_is_attached_is_granted,
            granting::only_what_exists_is_attached,
            granting::twenty_policies_can_be_attached_to_one,
            granting::an_account_has_a_thousand_policies_and_roles_at_most,
            sealing::the_secrets_of_all_accounts_are_listed_in_pages,
            sealing::only_a_secret_that_is_as_it_was_read_is_resealed,
            sealing::a_secret_that_was_added_stays_and_is_resealed_with_the_others,
            once::a_call_counts_once_whatever_it_does,
            once::a_call_that_was_answered_no_counts_too,
            once::a_call_that_fails_can_be_made_again,
            once::of_two_replays_at_once_one_wins,
            once::a_call_stays_known_after_a_reopen,
            once::old_calls_are_forgotten_step_by_step,
            keyed::a_keyed_call_is_made_once_and_noted_with_what_it_made,
            keyed::a_signed_call_is_not_noted,
            keyed::a_refused_keyed_call_can_be_made_once_nothing_stands_against_it,
            keyed::a_keyed_call_that_fails_can_be_made_again,
            keyed::of_many_keyed_calls_at_once_one_is_made,
            keyed::a_keyed_call_stays_noted_after_a_reopen,
            keyed::whatever_is_made_by_a_keyed_call_is_made_once,
            keyed::old_keyed_calls_are_forgotten_step_by_step,
            auditing::calls_read_back_newest_first,
            auditing::calls_are_in_the_order_of_their_times_however_they_came,
            auditing::very_many_calls_at_one_time_are_all_kept,
            auditing::pages_of_calls_follow_each_other_without_gaps,
            auditing::every_combination_of_audit_filters_agrees_with_a_plain_filter,
            auditing::old_calls_leave_the_audit_step_by_step,
            auditing::long_texts_are_kept_and_found_by_their_beginnings,
            auditing::the_audit_is_there_after_a_reopen,
            pipelines::a_pipeline_reads_back_as_it_was_made,
            pipelines::pipelines_are_listed_oldest_first_with_their_total,
            pipelines::a_change_leaves_what_it_does_not_name,
            pipelines::a_pipeline_with_unfinished_jobs_is_not_deleted,
            pipelines::a_deleted_pipeline_takes_no_jobs_and_shows_its_old_ones,
            pipelines::pipelines_of_another_account_do_not_exist,
            submitting::a_job_reads_back_as_it_was_submitted,
            submitting::texts_of_callers_come_back_alike_from_every_engine,
            submitting::a_missing_pipeline_refuses_the_whole_submission,
            submitting::a_failing_submission_does_not_fail_its_neighbours,
            submitting::wake_ups_follow_what_happened,
            claiming::the_highest_priority_goes_first_and_the_oldest_inside_it,
            claiming::a_retry_keeps_its_place_before_younger_jobs,
            claiming::pipelines_take_turns_by_fewest_running,
            claiming::of_equally_busy_pipelines_the_longest_unserved_goes_first,
            claiming::a_limit_holds_through_every_way_a_slot_comes_free,
            claiming::concurrent_claims_share_out_each_job_once_within_the_limit,
            claiming::a_claim_returns_no_more_than_its_slots,
            siblings::siblings_start_together_in_one_slot,
            siblings::jobs_that_differ_start_alone,
            siblings::calls_that_share_a_submission_keep_their_jobs_apart,
            siblings::a_limit_bounds_a_group_and_the_rest_starts_later,
            siblings::a_group_is_one_turn_and_counts_as_all_its_jobs,
            siblings::a_group_takes_one_slot,
            siblings::a_delayed_sibling_waits_for_its_time,
            siblings::siblings_of_a_paused_pipeline_wait,
            siblings::cancelled_siblings_do_not_start,
            siblings::each_sibling_has_a_lease_and_an_end_of_its_own,
            siblings::a_lost_publisher_brings_no_siblings,
            pausing::a_paused_pipeline_starts_nothing_and_resumes,
            pausing::what_runs_goes_on_while_its_pipeline_is_paused,
            pausing::no_claim_that_follows_an_answered_pause_starts_its_jobs,
            cancelling::each_policy_and_mode_in_each_state,
            cancelling::outcomes_come_in_the_order_of_the_selector,
            cancelling::jobs_are_cancelled_by_number,
            cancelling::a_cancel_stays_in_its_pipeline,
            cancelling::a_job_given_back_counts_as_started,
            cancelling::a_cancel_after_publish_is_refused,
            cancelling::a_stop_ends_with_the_report_or_with_the_lease,
            cancelling::a_cancel_may_lose_patience,
            cancelling::a_stop_in_a_hurry_stays_one,
            cancelling::jobs_of_another_account_are_missing,
            fencing::a_stale_attempt_can_do_nothing,
            fencing::an_attempt_that_was_never_made_can_do_nothing,
            fencing::success_needs_a_publish_first,
            fencing::progress_never_goes_back_within_an_attempt,
            fencing::a_renewed_lease_lasts_longer_and_never_shorter,
            fencing::a_publish_that_is_repeated_is_answered_as_before,
            fencing::jobs_that_nobody_holds_are_known_as_such,
            retrying::a_transient_failure_waits_its_delay_and_the_third_is_final,
            retrying::a_fault_of_the_input_is_final_at_once,
            retrying::a_lost_worker_costs_an_attempt,
            retrying::a_worker_without_room_takes_only_lost_publishers,
            retrying::a_lost_publisher_is_followed_by_one_that_finishes_its_work,
            retrying::the_first_sweep_ends_every_lease,
            retrying::the_next_deadline_is_the_earliest,
            requeueing::only_failed_jobs_are_queued_again,
            requeueing::a_retried_job_is_as_one_that_never_started,
            requeueing::a_retried_job_has_all_its_attempts_under_new_numbers,
            requeueing::an_attempt_before_the_retry_stays_fenced,
            requeueing::a_retried_job_goes_before_younger_ones,
            requeueing::siblings_that_are_retried_start_together,
            requeueing::a_retry_needs_its_pipeline,
            history::the_history_of_a_job_that_succeeds,
            history::the_history_of_a_job_that_fails_for_good,
            history::the_history_of_a_job_that_is_tried_again_until_it_fails,
            history::the_history_of_a_job_that_is_handed_back,
            history::the_history_of_a_job_whose_workers_are_lost,
            history::the_history_of_a_job_whose_publishers_are_lost,
            history::the_history_of_a_queued_job_that_is_cancelled,
            history::the_history_of_a_job_that_is_cancelled_between_attempts,
            history::the_history_of_a_running_job_that_is_cancelled,
            history::the_history_of_a_stop_that_ends_otherwise,
            history::a_job_that_is_retried_keeps_its_history,
            history::the_history_of_a_retried_job_that_is_cancelled,
            history::siblings_have_a_history_each,
            history::another_accounts_job_has_no_history,
            kinds::a_job_of_each_kind_is_claimed_and_listed,
            kinds::a_worker_of_some_kinds_takes_only_those_in_their_order,
            kinds::pipelines_without_its_kinds_keep_no_worker_from_others,
            kinds::a_pipeline_with_few_of_its_kinds_leaves_no_slots_empty,
            kinds::a_limit_counts_jobs_of_all_kinds,
            kinds::listings_show_the_kinds_that_are_asked_for,
            kinds::a_cancel_finds_no_jobs_of_other_kinds,
            kinds::a_cancel_by_address_means_every_job_that_fetches_it,
            kinds::a_cancel_by_address_finds_what_is_queued_again,
            kinds::a_cancel_by_address_stays_in_its_account,
            listing::jobs_are_found_by_their_numbers,
            listing::pages_follow_each_other_without_gaps,
            listing::every_combination_of_filters_agrees_with_a_plain_filter,
            listing::jobs_of_another_account_are_not_listed,
            nodes::a_node_reads_back_as_it_joined,
            nodes::a_node_that_joins_is_told_who_lives,
            nodes::a_node_takes_the_place_of_the_one_that_had_its_home,
            nodes::a_node_that_left_or_was_forgotten_is_unknown,
            nodes::a_drain_is_told_with_the_next_sign_of_life,
            nodes::a_drain_outlives_a_crash_and_ends_when_a_node_leaves,
            nodes::one_of_the_nodes_that_answer_calls_is_the_first,
            nodes::a_node_shows_how_many_jobs_it_holds,
            nodes::a_cluster_in_which_a_node_lives_stays,
            nodes::clusters_are_there_after_a_reopen,
            nodes::a_worker_gets_jobs_of_its_kinds_only,
            nodes::of_two_that_join_at_once_one_finds_the_other,
            assets::a_registered_file_is_an_asset_and_its_job_is_queued,
            assets::a_file_is_one_asset_of_its_account,
            assets::a_missing_pipeline_registers_nothing,
            assets::a_reference_is_of_one_asset_of_its_account,
            assets::a_registration_counts_once,
            assets::of_many_that_register_a_file_at_once_one_makes_its_asset,
            assets::of_many_that_register_a_reference_at_once_one_gets_it,
            assets::what_a_job_brings_is_an_asset_and_its_jobs_are_queued,
            assets::a_registered_asset_becomes_what_was_found_and_keeps_its_details,
            assets::only_the_attempt_that_is_publishing_tells_of_an_asset,
            arriving::an_asset_arrives_once_however_many_attempts_tell_of_it,
            arriving::an_asset_becomes_what_a_later_attempt_has_found,
            assets::an_asset_that_was_deleted_stays_away,
            assets::what_stands_against_an_asset_does_not_hold_its_job_up,
            assets::assets_are_there_after_a_reopen,
            catalogue::assets_are_found_by_their_ids_references_and_files,
            catalogue::assets_of_another_account_do_not_exist,
            catalogue::every_listing_of_assets_agrees_with_a_plain_filter,
            catalogue::a_change_of_an_asset_leaves_what_it_does_not_name,
            catalogue::a_reference_is_free_again_once_it_is_given_up,
            catalogue::a_deleted_asset_is_gone_and_its_file_can_be_registered_again,
            catalogue::changes_and_deletions_of_assets_count_once,
            ties::the_jobs_of_an_asset_come_by_submission_newest_first,
            ties::the_jobs_of_an_asset_come_in_pages_and_by_kind,
            ties::a_submission_leads_to_its_asset_and_jobs,
            ties::the_states_of_the_jobs_of_assets_come_together,
            ties::jobs_are_found_by_the_address_that_they_fetch,
            ties::jobs_that_are_not_stored_any_more_are_not_found,
            ties::a_submission_that_is_refused_ties_nothing,
            documents::a_document_reads_back_and_counts_its_changes,
            documents::a_document_is_replaced_only_as_it_was_read,
            documents::documents_have_a_most_per_account_and_kind,
            documents::of_many_that_store_documents_at_once_no_more_than_the_most_do,
            documents::of_many_that_replace_a_document_at_once_one_does,
            documents::documents_are_listed_by_their_ids,
            documents::documents_below_a_prefix_are_listed_page_by_page,
            documents::several_documents_change_together_or_not_at_all,
            documents::of_many_that_change_documents_together_one_does,
            documents::a_document_that_is_too_long_is_unfit,
            documents::documents_of_another_account_do_not_exist,
            documents::documents_are_stored_and_deleted_once,
            keeping::times_are_set_per_account,
            keeping::only_a_job_that_has_ended_is_deleted,
            keeping::a_job_of_another_account_is_not_deleted,
            keeping::the_number_of_a_deleted_job_never_comes_again,
            keeping::a_deletion_counts_once,
            keeping::jobs_go_when_their_time_since_the_end_is_over,
            keeping::jobs_are_kept_by_the_time_of_their_account,
            keeping::jobs_of_a_deleted_pipeline_go_too,
            keeping::jobs_of_an_asset_stay_as_long_as_it,
            keeping::what_is_queued_again_stays,
            keeping::jobs_that_have_been_cleared_leave_the_rest_working,
            keeping::records_of_calls_are_kept_by_the_time_of_their_account,
            keeping::events_go_when_their_time_is_over_and_deliveries_have_been_made_of_them,
            keeping::deliveries_go_when_their_time_since_the_end_is_over,
            keeping::a_store_that_was_not_restored_takes_all_signatures,
            events::a_job_that_succeeds_is_told_of_step_by_step,
            events::a_failure_says_why,
            events::an_attempt_that_is_lost_is_told_of_and_the_next_one_too,
            events::a_cancel_is_told_of_once,
            events::what_did_not_happen_is_not_told,
            events::events_of_another_account_do_not_exist,
            events::a_reader_goes_on_after_the_place_it_has_come_to,
            events::a_place_that_is_still_to_come_is_none,
            events::a_reader_misses_nothing_while_others_write,
            events::events_are_there_after_a_reopen,
            events::a_bell_rings_when_something_has_happened,
            deliveries::a_destination_reads_back_as_it_was_made,
            deliveries::a_destination_changes_and_goes,
            deliveries::an_account_has_a_hundred_destinations_at_most,
            deliveries::a_destinations_secret_can_be_sealed_anew,
            deliveries::of_two_that_fan_out_at_once_one_does,
            deliveries::a_destination_listens_from_its_making_on,
            deliveries::events_of_a_job_arrive_one_after_the_other,
            lanes::what_shares_a_lane_arrives_one_after_the_other,
            lanes::a_delivery_that_is_there_is_not_made_again,
            deliveries::a_delivery_is_tried_by_one_at_a_time,
            deliveries::destinations_take_turns_and_each_has_its_limit,
            deliveries::what_is_switched_off_waits_and_what_is_deleted_is_told,
            deliveries::time_in_which_nobody_tried_is_not_counted,
            deliveries::what_is_switched_on_listens_from_then_on,
            deliveries::what_has_ended_can_be_sent_again,
            deliveries::every_combination_of_delivery_filters_agrees_with_a_plain_filter,
            streams::a_stream_reads_back_as_it_was_made,
            streams::a_stream_starts_and_stops_as_often_as_it_is_asked_to,
            streams::a_start_needs_what_its_plan_was_made_from,
            streams::streams_of_others_and_unknown_ones_are_missing,
            streams::a_stream_that_does_not_run_takes_any_change,
            streams::a_running_stream_is_changed_by_its_next_plan,
            streams::a_deleted_stream_is_gone_once_it_is_let_go,
            places::a_place_is_of_one_stream_whoever_wants_it,
            places::a_place_in_a_bucket_is_one_of_its_account,
            places::places_stay_taken_until_the_processes_are_gone,
            places::a_change_takes_places_at_once_and_frees_them_with_the_processes,
            streams::a_call_about_a_stream_counts_once,
            streams::a_cluster_stays_as_long_as_streams_belong_to_it,
            streams::wake_ups_follow_what_becomes_of_streams,
            attempts::streams_are_claimed_by_their_cluster_those_first_that_waited_longest,
            attempts::a_lease_is_renewed_and_never_becomes_shorter,
            attempts::what_was_seen_is_kept_of_the_newest_start,
            attempts::a_start_waits_for_the_processes_of_the_one_before,
            attempts::an_attempt_whose_lease_was_swept_can_do_nothing,
            attempts::an_attempt_that_ends_is_followed_by_one_not_before_its_time,
            attempts::a_run_that_is_given_up_stops_unless_somebody_stopped_it_before,
            attempts::the_newest_notes_of_a_stream_are_kept,
            attempts::streams_are_counted_by_what_becomes_of_them,
            attempts::streams_are_there_after_a_reopen,
            stream_races::of_many_starts_at_one_place_one_is_done,
            stream_races::no_claim_that_follows_an_answered_stop_takes_its_stream,
            stream_races::claims_of_two_share_out_each_stream_once,
            stream_races::a_beat_and_a_sweep_agree_on_who_came_first,
            stream_races::a_stop_on_one_node_reaches_the_holder_on_the_other,
            stream_races::no_stream_is_ever_held_twice_under_traffic,
            stream_listing::every_combination_of_stream_filters_agrees_with_a_plain_filter,
            stream_listing::pages_of_streams_follow_each_other,
            libraries::a_library_reads_back_as_it_was_made,
            libraries::an_account_has_as_many_libraries_as_it_may_without_deleted_ones,
            libraries::of_many_that_make_libraries_at_once_no_more_than_the_most_are_made,
            libraries::libraries_are_listed_oldest_first_and_found_in_the_order_asked_for,
            libraries::libraries_of_another_account_do_not_exist,
            libraries::an_emptied_library_goes_on,
            libraries::a_deleted_library_is_known_and_holds_nothing,
            libraries::a_call_about_a_library_counts_once,
            libraries::libraries_are_there_after_a_reopen,
            library_entries::an_entry_reads_back_as_it_was_stored,
            library_entries::entries_are_listed_by_key_in_pages,
            library_entries::entries_are_found_by_keys_and_by_jobs,
            library_entries::a_removed_entry_is_gone_and_its_key_is_free,
            library_entries::what_is_gone_is_taken_away_in_pieces,
            fingerprints::a_win_and_its_entry_are_one,
            fingerprints::a_fingerprint_publish_that_is_repeated_stores_once,
            fingerprints::an_attempt_that_does_not_win_stores_nothing,
            fingerprints::what_stands_against_an_entry_leaves_its_job_running,
            fingerprints::of_jobs_that_store_the_same_new_thing_at_once_one_does,
            fingerprints::a_retried_job_finds_its_own_entry,
            fingerprints::a_fingerprint_of_a_day_is_stored_and_copied,
            library_changes::changes_are_told_in_order_and_in_steps,
            library_changes::what_was_added_and_removed_again_is_not_told,
            library_changes::many_small_changes_are_told_in_steps_too,
            library_changes::a_copy_that_catches_up_has_what_the_library_has,
            durability::everything_is_there_after_a_reopen,
            race::cancel_and_claim_never_both_win,
            two_nodes::cancels_on_one_and_claims_on_the_other_never_both_win,
            two_nodes::no_claim_of_either_that_follows_an_answered_pause_starts_its_jobs,
            two_nodes::claims_of_both_share_out_each_job_once_within_the_limit,
            two_nodes::of_two_replays_on_both_at_once_one_wins,
            two_nodes::of_many_keyed_calls_on_both_at_once_one_is_made,
            two_nodes::pipelines_take_turns_whichever_node_claims,
            two_nodes::an_attempt_is_fenced_on_both,
            two_nodes::a_pipeline_that_is_deleted_on_one_takes_no_jobs_on_the_other,
            two_nodes::what_happens_on_one_wakes_the_other,
            two_nodes::no_promise_breaks_under_traffic_on_two,
            traffic::no_promise_breaks_under_traffic,
            model::random_operations_agree_with_the_rules,
        }
    };
    (@cases $home:expr; $($module:ident :: $case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let home = $home;
                $crate::conformance::$module::$case(&home).await;
            }
        )*
    };
}

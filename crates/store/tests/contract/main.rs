//! What holds for every store, whatever its engine: one list of cases, run on each.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]

use async_trait::async_trait;
use plaudit_store::{Result, SharedStore};

mod bulk;
mod commits;
mod erasing;
mod export;
mod groups;
mod history;
mod kudos;
mod linking;
mod lozenges;
mod meetings;
mod members;
mod pages;
mod postgres;
mod related;
mod rows;
mod snapshots;
mod sqlite;
mod told;

/// A place for the read models of one case.
#[async_trait]
trait Place: Send + Sync {
    /// Opens the read models that are there; the first time, empty ones.
    async fn open(&self) -> Result<SharedStore>;

    /// All bytes of all files that they are kept in.
    fn bytes(&self) -> Vec<u8>;

    /// Makes them look as if another version had made them.
    async fn outdate(&self);
}

/// Runs the cases, a module a concept, on every engine.
macro_rules! cases {
    ($($concept:ident: $($case:ident)+;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    crate::$concept::$case(&crate::sqlite::File::new()).await;
                }
            )+)+
        }

        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    if let Some(place) = crate::postgres::Schema::new() {
                        crate::$concept::$case(&place).await;
                    }
                }
            )+)+
        }
    };
}

cases! {
    rows:
        accounts_are_found_by_key_by_public_id_and_by_where_they_came_from
        posts_are_found_by_key_by_public_id_and_by_where_they_came_from
        deleted_posts_are_found_too
        a_profile_is_found_by_the_key_and_the_public_id_of_its_primary_account
        what_is_asked_for_twice_comes_once
        what_is_not_there_does_not_come
        the_last_text_of_a_post_holds_and_a_withheld_one_is_none
        every_column_is_read_as_it_was_written
        texts_of_any_characters_come_back_as_they_were;
    pages:
        pages_of_any_size_give_every_post_once_in_both_orders
        pages_of_posts_of_equal_time_go_by_key
        pages_stay_whole_while_posts_are_written_between_them
        a_cursor_outlives_the_post_that_it_stands_on
        a_tag_that_was_taken_away_is_no_longer_listed
        a_page_of_nothing_is_empty
        a_kind_asked_for_twice_comes_once
        counts_are_of_what_the_pages_give;
    related:
        replies_come_by_kind_in_order_and_each_parent_has_its_page
        posts_of_authors_come_in_order_and_each_author_has_its_page
        likes_come_in_the_order_of_liking_and_each_post_has_its_page
        likes_of_any_page_size_come_once_in_both_orders
        a_like_that_was_taken_back_does_not_come_and_one_that_was_given_again_comes_last
        liked_and_watched_tell_which_of_many_posts;
    export:
        every_account_comes_with_the_public_id_of_its_profile_oldest_first
        every_profile_comes_oldest_first
        every_profile_comes_with_the_badges_of_all_its_accounts_each_time_that_they_were_deserved
        every_entry_of_the_ledger_comes_with_whose_it_is_and_the_post_that_it_is_about
        every_post_comes_with_public_ids_deleted_ones_too
        a_solution_is_left_out_while_it_or_its_question_is_deleted
        an_account_comes_with_who_sees_its_profile_which_is_as_the_strictest_of_its_accounts_says
        a_post_in_a_group_comes_with_the_public_id_of_the_group
        an_error_of_whoever_takes_the_rows_ends_it;
    members:
        every_column_of_an_account_is_read_as_it_was_written
        what_accounts_tell_is_read_as_it_was_written_and_goes_when_it_is_taken_away
        courses_and_certifications_are_read_as_they_were_written
        a_course_counts_once_and_a_certification_every_time
        memberships_are_found_by_account
        members_without_any_of_it_have_no_rows;
    groups:
        groups_are_found_by_key_and_by_public_id_as_they_were_written
        pages_of_groups_of_any_size_come_once_in_both_orders
        members_come_in_the_order_of_joining_and_each_group_has_its_page
        pages_of_members_of_any_size_come_once_in_both_orders
        who_left_is_no_member_and_who_joined_again_comes_last
        posts_in_groups_come_in_order_and_each_group_has_its_page
        replies_in_a_group_are_among_its_posts_and_deleted_posts_are_not;
    meetings:
        groups_are_listed_by_kind_and_user_groups_have_what_forum_groups_have_not
        leaders_are_found_by_group_and_by_account_as_they_were_appointed
        applications_wait_by_age_until_they_are_decided
        a_meeting_is_read_as_it_was_scheduled_changed_and_cancelled
        meetings_are_listed_by_when_they_begin_of_a_span_a_group_and_a_guest
        g4_answers_come_by_kind_in_order_and_the_next_moves_up
        g4_whoever_is_erased_gives_up_their_places_at_what_is_still_to_come
        g4_linked_accounts_are_one_guest_unless_their_profile_is_private
        f5_who_watches_is_told_of_a_meeting_and_who_comes_what_became_of_it
        g6_only_what_was_held_counts_for_a_group
        g4_attendance_is_recorded_once_and_withdrawn
        g5_presentations_are_flagged_until_they_are_reviewed
        g9_sponsors_come_and_go
        g10_requests_wait_by_age_and_are_decided_once
        an_account_is_found_by_its_calendar_until_it_has_another
        what_an_erased_leader_asked_for_and_presented_goes;
    linking:
        linked_accounts_are_one_profile_of_the_sum_of_both
        linked_accounts_have_one_row_of_a_profile_and_go_by_the_primary
        unlinking_puts_every_profile_back_as_it_was
        the_profile_goes_by_its_new_primary_when_that_changes
        courses_of_linked_accounts_count_once_and_twice_again_when_they_are_unlinked
        what_one_of_many_linked_accounts_does_counts_for_the_profile_of_all
        a_batch_that_links_posts_and_likes_comes_to_the_same_as_one_event_after_the_other
        links_of_any_kind_in_batches_of_any_size_come_to_the_same
        a_change_of_the_primary_that_does_not_name_all_accounts_changes_nothing;
    erasing:
        an_erased_account_keeps_no_name_no_picture_and_nothing_that_it_told
        the_posts_of_an_erased_account_stay_where_they_are_to_be_kept
        titles_and_texts_go_where_they_are_to_be_removed
        an_erased_account_stays_erased_whatever_comes_later
        nothing_erased_is_left_in_any_file_after_a_purge
        nothing_erased_is_left_of_what_was_changed_or_moved_before
        a_purge_waits_for_whoever_reads_and_changes_nothing;
    told:
        timelines_are_read_by_page_in_either_order_of_each_subject
        articles_that_wait_come_in_the_order_of_waiting_with_their_places
        open_reports_come_by_post_the_longest_first
        what_members_are_told_comes_in_order_and_is_read_once
        f5_what_two_accounts_were_told_before_they_were_linked_is_one_thing
        f10_figures_are_of_the_month_in_which_what_they_count_was_made
        what_was_said_of_an_erased_account_goes;
    kudos:
        what_deserved_badges_comes_in_order_and_each_account_and_badge_has_its_page
        pages_of_what_deserved_a_badge_of_any_size_come_once_in_both_orders
        posts_that_reached_a_milestone_come_by_their_authors_unless_they_are_deleted
        gifts_come_to_who_may_see_them_and_are_counted_so
        entries_of_the_ledger_are_counted_by_account;
    lozenges:
        a_lozenge_is_granted_and_revoked_and_both_are_told
        a_request_waits_until_it_is_decided_and_the_last_one_is_told
        requests_that_wait_come_in_order_in_pages_of_any_size
        holders_of_a_lozenge_come_in_order_and_those_who_lost_it_do_not
        an_acceptance_is_told_once_with_its_first_time
        a_profile_is_exported_with_what_all_its_accounts_were_granted
        an_erased_account_has_no_lozenges_whatever_comes_later
        nor_has_one_that_got_and_lost_them_in_one_batch;

    snapshots:
        a_snapshot_stays_as_of_its_moment
        a_snapshot_has_every_row_once_in_the_order_of_keys
        what_profiles_have_comes_page_by_page_and_as_of_a_moment
        what_a_batch_changed_is_the_difference_between_two_snapshots
        figures_of_what_was_folded_agree_with_what_they_are_counted_from
        a_store_that_nobody_meddled_with_is_not_damaged;
    commits:
        a_new_store_is_empty_and_at_position_0
        a_batch_is_there_with_its_position_after_opening_again
        a_batch_that_was_overtaken_writes_nothing
        a_batch_that_fails_writes_nothing
        of_two_stores_at_one_place_only_one_folds_a_batch
        what_a_batch_touches_is_fetched_and_nothing_else
        readers_beside_a_writer_see_whole_batches_only
        read_models_of_another_version_are_refused;
}

//! What holds for every journal.
//!
//! [`keeps_the_contract`] makes a test of every case listed here, for the places that an expression
//! makes, if there is one. A case that isn't listed is unused code, which the compiler tells.

pub mod append;
pub mod concurrency;
pub mod copy;
pub mod follow;
pub mod inspect;
pub mod personal;
pub mod retry;
pub mod search;

use plaudit_journal::SharedJournal;

/// Where a journal is kept.
pub trait Place {
    /// Opens the journal there: an empty one for the first time, and from then on the same one,
    /// also while it is open already.
    async fn open(&self) -> SharedJournal;
}

macro_rules! keeps_the_contract {
    ($place:expr) => {
        $crate::contract::keeps_the_contract! { $place =>
            append::a_new_journal_is_empty,
            append::positions_count_from_1_without_gaps,
            append::revisions_count_from_0_in_each_stream,
            append::an_event_reads_back_as_it_was_written,
            append::any_text_survives,
            append::times_are_kept_in_microseconds,
            append::recording_times_never_go_back,
            append::a_new_stream_is_expected_only_where_there_is_none,
            append::a_revision_is_expected_only_where_it_is_the_last,
            append::an_append_that_expects_anything_is_always_recorded,
            append::a_refused_append_records_nothing,
            append::an_empty_append_records_nothing,
            append::append_many_records_in_the_order_given,
            append::a_stream_is_read_from_a_revision_on,
            append::reading_all_stops_at_the_limit,
            append::events_are_read_at_their_positions,
            append::reopening_keeps_everything,
            retry::a_retry_returns_the_first_result,
            retry::a_retry_returns_the_first_result_after_others_appended,
            retry::an_id_of_another_stream_is_in_use,
            retry::an_id_of_another_type_is_in_use,
            retry::a_retry_that_adds_an_event_is_refused,
            retry::a_retry_in_another_order_is_refused,
            retry::an_append_can_not_repeat_an_id,
            retry::append_many_with_an_id_of_another_event_records_nothing,
            retry::append_many_leaves_out_what_is_recorded,
            retry::append_many_leaves_out_what_it_repeats,
            retry::retries_at_the_same_time_record_it_once,
            concurrency::optimistic_writers_of_one_stream_lose_nothing,
            concurrency::writers_of_many_streams_lose_nothing,
            concurrency::writers_with_journals_of_their_own_lose_nothing,
            concurrency::readers_never_see_a_gap,
            concurrency::an_append_that_nobody_waits_for_is_recorded_whole_or_not_at_all,
            follow::follow_begins_after_its_position,
            follow::follow_waits_for_the_next_event,
            follow::follow_sees_what_another_journal_at_the_same_place_records,
            follow::follow_misses_and_repeats_nothing_while_others_write,
            follow::cancelling_follow_loses_nothing,
            search::what_is_found_is_what_is_looked_for,
            search::what_is_found_reads_as_it_was_written,
            search::a_search_looks_at_a_bounded_number_of_events,
            personal::personal_data_reads_back_as_it_was_written,
            personal::what_is_read_as_it_is_kept_stays_sealed,
            personal::a_retry_of_personal_data_records_it_once,
            personal::what_somebody_wrote_stays_when_who_they_are_is_forgotten,
            personal::what_somebody_wrote_can_be_forgotten_too,
            personal::others_are_not_forgotten,
            personal::what_is_about_nobody_known_is_not_forgotten,
            personal::forgetting_twice_is_fine,
            personal::what_is_recorded_of_somebody_forgotten_is_withheld,
            personal::who_was_never_known_can_be_forgotten,
            personal::who_is_forgotten_is_forgotten_in_every_journal_at_the_place,
            personal::new_people_are_recorded_by_many_journals_at_once,
            personal::many_new_people_are_recorded_at_once,
            copy::a_copy_has_everything_as_it_was,
            copy::a_copy_goes_on_only_where_it_ends,
            copy::a_copy_is_gone_on_with_like_any_other,
            inspect::a_journal_that_nobody_meddled_with_has_no_flaws,
            inspect::what_was_forgotten_is_no_flaw,
            inspect::what_was_erased_and_can_still_be_read_is_a_flaw,
            inspect::what_comes_after_the_end_is_not_looked_at,
        }
    };
    ($place:expr => $($module:ident::$case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let place: Option<_> = $place;
                if let Some(place) = place {
                    $crate::contract::$module::$case(&place).await;
                }
            }
        )+
    };
}
pub(crate) use keeps_the_contract;

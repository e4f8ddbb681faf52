//! What holds for every store, whatever its engine: one list of cases, run on each.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]

use async_trait::async_trait;
use plaudit_store::{Result, SharedStore};

mod commits;
mod export;
mod history;
mod pages;
mod related;
mod rows;
mod sqlite;

/// A place for the read models of one case.
#[async_trait]
trait Place: Send + Sync {
    /// Opens the read models that are there; the first time, empty ones.
    async fn open(&self) -> Result<SharedStore>;

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
        every_column_is_read_as_it_was_written;
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
        every_post_comes_with_public_ids_deleted_ones_too
        a_solution_is_left_out_while_it_or_its_question_is_deleted
        an_error_of_whoever_takes_the_rows_ends_it;
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

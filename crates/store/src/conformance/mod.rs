//! What every backend must do, as tests.
//!
//! A backend's tests hold one line, with a function that makes an empty store
//! and whatever has to live as long (a temporary folder, say):
//!
//! ```text
//! async fn empty() -> (Arc<dyn store::Store>, tempfile::TempDir) { … }
//! store::conformance_tests!(empty);
//! ```
//!
//! Each check is a `#[tokio::test]` of its own.

pub mod accounts;
pub mod counts;
pub mod damage;
pub mod data;
pub mod documents;
pub mod events;
pub mod expectations;
pub mod log;
pub mod names;
pub mod numbers;
pub mod races;
pub mod sample;
pub mod stock;
pub mod users;
pub mod writes;

/// Makes a test of each check. `$make` is a path to an async function that
/// answers an empty store and a guard that is dropped after the check.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests! { @modules $make;
            accounts {
                an_account_comes_back_as_it_was_written,
                many_accounts_come_in_the_order_asked_for,
                children_are_those_directly_below,
                descendants_are_all_below,
                pages_of_accounts_go_both_ways,
                a_moved_account_is_below_its_new_ancestors_only,
                a_deleted_account_is_gone_from_the_tree,
            }
            counts {
                states_follow_every_change,
                billable_numbers_count_for_all_ancestors,
                billable_follows_owner_carrier_and_deletion,
                billable_follows_a_move_in_the_tree,
                billable_counts_within_one_batch_that_moves_accounts,
                an_account_may_come_after_its_numbers,
            }
            data {
                sets_come_back_as_they_were_written,
                parts_belong_to_their_set,
                a_deleted_set_takes_its_parts_along,
            }
            documents {
                a_document_comes_back_as_written,
                many_documents_come_in_the_order_asked_for,
                documents_are_compared_and_set,
                pages_of_documents_go_both_ways,
                due_documents_come_longest_due_first,
                expired_documents_are_dropped,
            }
            events {
                every_change_has_its_event,
                events_outlive_the_number_and_its_return,
                pages_of_events_go_both_ways,
                events_keep_whole_documents,
            }
            expectations {
                number_revision,
                number_absence,
                account_revision,
                account_existence,
                account_without_use,
                user_revision,
                claim_holder,
                setting_value,
            }
            log {
                the_log_has_every_event_in_the_order_of_commits,
                the_log_goes_on_after_an_event,
                an_accounts_log_is_that_of_its_tree,
                an_accounts_log_remembers_the_tree_of_its_time,
                who_follows_the_log_misses_nothing,
            }
            names {
                claims_are_apart_by_kind,
                a_claim_moves_and_ends,
                settings_are_set_and_replaced,
            }
            numbers {
                an_absent_number_is_none,
                documents_come_back_unchanged,
                every_column_follows_an_update,
                many_come_in_the_order_asked_for,
                the_list_of_an_account_follows_owners,
                pages_of_an_account_go_both_ways,
                pages_of_all_numbers_go_both_ways,
                rested_numbers_come_longest_first,
            }
            races {
                one_winner_for_a_new_number,
                one_winner_for_each_revision,
                one_winner_for_a_name,
                many_keys_at_once_are_all_there,
                reads_see_what_was_acknowledged,
                nobody_reads_what_was_before_an_acknowledged_write,
            }
            stock {
                a_carriers_stock_is_available_and_in_no_pool,
                a_pool_is_for_one_account,
                reserved_stock_is_the_accounts,
                prefixes_are_digit_by_digit,
                pages_continue_after_a_key,
                stock_follows_changes,
            }
            users {
                a_user_comes_back_as_written,
                pages_of_users_go_both_ways,
                users_go_with_their_account,
                a_user_can_be_removed,
            }
            writes {
                nothing_to_write_is_fine,
                an_unmet_expectation_undoes_nothing_else,
                expectations_see_the_state_before_the_batch,
                a_batch_does_all_its_operations,
                later_batches_see_earlier_ones,
                outcomes_come_in_order,
                one_number_can_change_twice_in_a_batch,
                a_thousand_batches_in_one_call,
                a_change_back_and_forth_leaves_no_trace_in_lists,
                what_was_read_before_a_write_is_read_anew_after_it,
                the_store_answers,
            }
        }
    };
    (@modules $make:path; $($module:ident { $($check:ident,)* })*) => {
        $(mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    let (store, _guard) = $make().await;
                    $crate::conformance::$module::$check(store).await;
                }
            )*
        })*
    };
}

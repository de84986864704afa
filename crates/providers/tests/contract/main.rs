//! What every keeper of emergency addresses must do, tried with each against its
//! simulator.

mod agree;
mod bandwidth_e911;
mod dash_e911;
mod echo;
mod names;
mod sandbox;
mod telnyx_cnam;
mod telnyx_e911;
mod twilio_e911;
mod vitelity_cnam;
mod vitelity_e911;
mod world;

/// The tests that every provider has to pass, by its [`world::Kind`].
macro_rules! contract {
    ($kind:expr) => {
        #[tokio::test]
        async fn checking_corrects_and_changes_nothing() {
            crate::world::checking($kind).await;
        }

        #[tokio::test]
        async fn an_address_that_exists_twice_is_chosen_from() {
            crate::world::choosing($kind).await;
        }

        #[tokio::test]
        async fn an_address_that_is_nowhere_is_invalid() {
            crate::world::invalid($kind).await;
        }

        #[tokio::test]
        async fn placing_puts_in_force() {
            crate::world::placing($kind).await;
        }

        #[tokio::test]
        async fn what_is_not_in_force_yet_is_pending() {
            crate::world::pending($kind).await;
        }

        #[tokio::test]
        async fn changes_leave_no_gap_and_nothing_behind() {
            crate::world::changing($kind).await;
        }

        #[tokio::test]
        async fn what_is_refused_changes_nothing() {
            crate::world::refusing($kind).await;
        }

        #[tokio::test]
        async fn an_answer_that_is_lost_is_unknown_and_settled_by_asking() {
            crate::world::losing($kind).await;
        }

        #[tokio::test]
        async fn removals_are_confirmed_and_gone_is_removed() {
            crate::world::removing($kind).await;
        }

        #[tokio::test]
        async fn a_removal_that_fails_is_no_removal() {
            crate::world::failing_removals($kind).await;
        }

        #[tokio::test]
        async fn whatever_fails_at_whichever_call_both_sides_agree() {
            crate::agree::at_every_call($kind).await;
        }

        #[tokio::test]
        async fn whatever_fails_time_and_again_both_sides_agree() {
            crate::agree::at_random($kind).await;
        }

        #[tokio::test]
        async fn hostile_answers_are_errors_within_bounds() {
            crate::world::hostile($kind).await;
        }

        #[tokio::test]
        async fn wrong_credentials_are_refused() {
            crate::world::unauthorized($kind).await;
        }

        #[tokio::test]
        async fn numbers_of_other_countries_are_not_sent() {
            crate::world::foreign($kind).await;
        }

        #[tokio::test]
        async fn the_log_has_the_wire_and_no_secret() {
            crate::world::logging($kind).await;
        }

        #[tokio::test]
        async fn a_secret_that_comes_back_is_in_no_error() {
            crate::world::echoing($kind).await;
        }

        #[tokio::test]
        async fn nothing_leaves_a_sandbox() {
            crate::world::sandboxed($kind).await;
        }

        #[test]
        fn what_is_missing_is_named() {
            crate::world::incomplete($kind);
        }
    };
}
pub(crate) use contract;

//! What every vendor's file must do, tried with each against its simulator.

mod bandwidth2;
mod didww;
mod hostile;
mod on_the_way;
mod other;
mod sandbox;
mod simwood;
mod telnyx;
mod twilio;
mod vitelity;
mod voip_innovations;
mod voxbone;
mod world;

/// What holds of every vendor under every fault, also of one that sells nothing.
macro_rules! faults {
    ($kind:expr) => {
        #[tokio::test]
        async fn what_is_not_known_is_never_told() {
            crate::on_the_way::looking($kind).await;
        }

        #[tokio::test]
        async fn a_release_under_any_fault_is_settled_by_asking() {
            crate::on_the_way::releasing($kind).await;
        }
    };
}
pub(crate) use faults;

/// The tests that every vendor has to pass, by its [`world::Kind`].
macro_rules! contract {
    ($kind:expr) => {
        crate::faults!($kind);

        #[tokio::test]
        async fn each_fault_of_an_order_means_what_it_is() {
            crate::on_the_way::ordering($kind).await;
        }

        #[tokio::test]
        async fn searches_find_what_is_for_sale_and_buy_nothing() {
            crate::world::searching($kind).await;
        }

        #[tokio::test]
        async fn filters_are_kept_by_the_vendor_or_here() {
            crate::world::filtering($kind).await;
        }

        #[tokio::test]
        async fn orders_bring_the_numbers_and_can_be_asked_for() {
            crate::world::ordering($kind).await;
        }

        #[tokio::test]
        async fn slow_orders_stay_open_until_they_are_done() {
            crate::world::waiting($kind).await;
        }

        #[tokio::test]
        async fn what_the_vendor_refuses_is_refused() {
            crate::world::refusing($kind).await;
        }

        #[tokio::test]
        async fn an_order_that_may_have_been_done_is_unknown_and_found_again() {
            crate::world::losing($kind).await;
        }

        #[tokio::test]
        async fn an_order_that_never_arrived_is_unheard_of() {
            crate::world::unheard($kind).await;
        }

        #[tokio::test]
        async fn releases_give_back_once_and_gone_is_given_back() {
            crate::world::releasing($kind).await;
        }

        #[tokio::test]
        async fn owned_numbers_are_listed_page_by_page() {
            crate::world::owning($kind).await;
        }

        #[tokio::test]
        async fn hostile_answers_are_errors_within_bounds() {
            crate::hostile::answers($kind).await;
        }

        #[tokio::test]
        async fn a_secret_that_comes_back_is_in_no_error() {
            crate::hostile::secrets($kind).await;
        }

        #[tokio::test]
        async fn wrong_credentials_are_refused() {
            crate::world::unauthorized($kind).await;
        }

        #[tokio::test]
        async fn the_log_has_the_wire_and_no_secret() {
            crate::world::logging($kind).await;
        }

        #[tokio::test]
        async fn no_order_leaves_a_sandbox() {
            crate::world::sandboxed($kind).await;
        }
    };
}
pub(crate) use contract;

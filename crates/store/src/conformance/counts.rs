//! Counts that are kept along.

use std::sync::Arc;

use numbers::carrier::CarrierName;
use numbers::state::State;

use super::sample::{
    account, account_id, billable, change, creation, deletion, just, key, number, owned, put,
    update, write, write_all,
};
use crate::{Operation, Store};

async fn quantities<const N: usize>(store: &Arc<dyn Store>, accounts: [u32; N]) -> [u64; N] {
    let mut quantities = [0; N];
    for (quantity, n) in quantities.iter_mut().zip(accounts) {
        *quantity = store.billable_quantity(&account_id(n)).await.unwrap();
    }
    quantities
}

/// 1 over 2 and 5; 2 over 3; 3 over 4.
async fn plant_tree(store: &Arc<dyn Store>) {
    let accounts = [
        account(1, &[]),
        account(2, &[1]),
        account(3, &[1, 2]),
        account(4, &[1, 2, 3]),
        account(5, &[1]),
    ];
    write(store, just(accounts.map(put))).await;
}

/// Numbers in each state; states without any are left out.
pub async fn states_follow_every_change(store: Arc<dyn Store>) {
    assert_eq!(store.state_counts().await.unwrap(), []);
    let one = number(&key(1), State::Available);
    write_all(
        &store,
        (1..=3).map(|n| creation(number(&key(n), State::Available))),
    )
    .await;
    assert_eq!(store.state_counts().await.unwrap(), [(State::Available, 3)]);
    let (batch, two) = update(&one, 2, |number| number.state = State::Aging);
    write(&store, batch).await;
    let mut counts = store.state_counts().await.unwrap();
    counts.sort_unstable();
    assert_eq!(counts, [(State::Aging, 1), (State::Available, 2)]);
    let (batch, three) = update(&two, 3, |number| number.ported_in = true);
    write(&store, batch).await;
    write(&store, deletion(&three, 4)).await;
    assert_eq!(store.state_counts().await.unwrap(), [(State::Available, 2)]);
}

/// A number counts for its owner and for everyone above, and for nobody else.
pub async fn billable_numbers_count_for_all_ancestors(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5, 99]).await, [0; 6]);
    write_all(
        &store,
        [4, 4, 3, 5]
            .into_iter()
            .zip(1..)
            .map(|(owner, n)| creation(billable(&key(n), owner))),
    )
    .await;
    write(&store, creation(owned(&key(9), 4))).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [4, 3, 3, 2, 1]);
}

/// Owners, carriers and deletions change what counts.
pub async fn billable_follows_owner_carrier_and_deletion(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    let one = billable(&key(1), 4);
    write(&store, creation(one.clone())).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [1, 1, 1, 1, 0]);
    let (batch, two) = update(&one, 2, |number| number.assign(Some(account_id(5))));
    write(&store, batch).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [1, 0, 0, 0, 1]);
    let (batch, three) = update(&two, 3, |number| number.carrier = CarrierName::local());
    write(&store, batch).await;
    assert_eq!(quantities(&store, [1, 5]).await, [0, 0]);
    let (batch, four) = update(&three, 4, |number| {
        number.carrier = CarrierName::new("telnyx");
    });
    write(&store, batch).await;
    assert_eq!(quantities(&store, [1, 5]).await, [1, 1]);
    let (batch, five) = update(&four, 5, |number| number.state = State::PortOut);
    write(&store, batch).await;
    assert_eq!(quantities(&store, [1, 5]).await, [1, 1]);
    write(&store, deletion(&five, 6)).await;
    assert_eq!(quantities(&store, [1, 5]).await, [0, 0]);
    let (release, _) = update(&one, 7, |number| number.assign(None));
    write_all(&store, [creation_again(&one), release]).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [0; 5]);
}

fn creation_again(number: &numbers::number::Number) -> crate::Batch {
    crate::Batch::change_number(change(None, Some(number.clone()), 8))
}

/// An account takes its numbers along, in both totals.
pub async fn billable_follows_a_move_in_the_tree(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    let numbers = [(1, 3), (2, 3), (3, 4), (4, 2)];
    write_all(
        &store,
        numbers.map(|(n, owner)| creation(billable(&key(n), owner))),
    )
    .await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [4, 4, 3, 1, 0]);
    // 3, and 4 with it, from below 2 to below 5.
    let moved = [account(3, &[1, 5]), account(4, &[1, 5, 3])];
    write(&store, just(moved.map(put))).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [4, 1, 3, 1, 3]);
    // A write of the same place changes nothing.
    write(&store, just([put(account(4, &[1, 5, 3]))])).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [4, 1, 3, 1, 3]);
    // Numbers count along the new tree.
    let last = billable(&key(5), 4);
    write(&store, creation(last.clone())).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [5, 1, 4, 2, 4]);
    write(&store, deletion(&last, 2)).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [4, 1, 3, 1, 3]);
}

/// Numbers and accounts that change together.
pub async fn billable_counts_within_one_batch_that_moves_accounts(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    let activate = |n: u32, owner| {
        let number = billable(&key(n.into()), owner);
        Operation::ChangeNumber(Box::new(change(None, Some(number), n)))
    };
    let batch = just([
        activate(1, 4),
        put(account(4, &[1, 5])),
        activate(2, 4),
        put(account(4, &[1, 2])),
        activate(3, 4),
        Operation::DeleteAccount(account_id(5)),
    ]);
    let other = just([activate(4, 4), put(account(4, &[1, 2, 3]))]);
    write_all(&store, [batch, other]).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [4, 4, 4, 4, 0]);
}

/// Records of an import may name an account that is made later.
pub async fn an_account_may_come_after_its_numbers(store: Arc<dyn Store>) {
    write(&store, creation(billable(&key(1), 4))).await;
    assert_eq!(quantities(&store, [1, 4]).await, [0, 1]);
    plant_tree(&store).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [1, 1, 1, 1, 0]);
    write(&store, just([Operation::DeleteAccount(account_id(4))])).await;
    assert_eq!(quantities(&store, [1, 2, 3, 4, 5]).await, [0, 0, 0, 1, 0]);
}

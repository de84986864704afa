//! The log of all numbers' events.
//!
//! A backend may hold events back for a moment ([`Store::event_log`]), so the
//! checks read until they are there; what never comes ends in a panic.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::number::Number;
use numbers::state::State;

use super::sample::{
    account, account_id, change, creation, deletion, event_id, key, number, owned, put, update,
    write, write_all,
};
use crate::{Batch, EventKey, LoggedEvent, Store};

/// No backend holds an event back for longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reads until this many events are there.
async fn log(
    store: &Arc<dyn Store>,
    account: Option<&AccountId>,
    after: Option<&EventKey>,
    count: usize,
) -> Vec<LoggedEvent> {
    let begun = Instant::now();
    loop {
        let events = store.event_log(account, after, 9_999).await.unwrap();
        let events = events.expect("an event that is there");
        if events.len() >= count {
            assert_eq!(events.len(), count, "{events:#?}");
            return events;
        }
        let told = format!("{} events of {count}", events.len());
        assert!(begun.elapsed() < PATIENCE, "{told} after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Number and event, as far as the checks tell them apart.
fn told(events: &[LoggedEvent]) -> Vec<(E164, String)> {
    let short = |event: &LoggedEvent| (event.number.clone(), event.event.id.0[30..].to_owned());
    events.iter().map(short).collect()
}

fn row(n: u64, event: &str) -> (E164, String) {
    (key(n), event.to_owned())
}

fn event_key(n: u64, event: u32) -> EventKey {
    EventKey {
        number: key(n),
        id: event_id(event),
    }
}

/// Whatever the numbers and the ids of the events.
pub async fn the_log_has_every_event_in_the_order_of_commits(store: Arc<dyn Store>) {
    assert_eq!(store.event_log(None, None, 9).await.unwrap(), Some(vec![]));
    assert_eq!(store.newest_event().await.unwrap(), None);
    let late = change(None, Some(number(&key(2), State::Available)), 9);
    write(&store, Batch::change_number(late)).await;
    let one = number(&key(1), State::Available);
    write(&store, creation(one.clone())).await;
    let (batch, two) = update(&one, 2, |number| number.ported_in = true);
    write(&store, batch).await;
    write(&store, deletion(&two, 3)).await;
    let events = log(&store, None, None, 4).await;
    let expected = [row(2, "09"), row(1, "01"), row(1, "02"), row(1, "03")];
    assert_eq!(told(&events), expected);
    let history = store.events(&key(1), &crate::Page::first(9)).await.unwrap();
    let logged: Vec<_> = events[1..].iter().map(|one| one.event.clone()).collect();
    assert_eq!(logged, history);
    assert_eq!(store.newest_event().await.unwrap(), Some(event_key(1, 3)));
}

/// A page, and the next; an event that never was is told from an end.
pub async fn the_log_goes_on_after_an_event(store: Arc<dyn Store>) {
    let numbers = (1..=5).map(|n| creation(number(&key(n), State::Available)));
    write_all(&store, numbers).await;
    let all = told(&log(&store, None, None, 5).await);
    let page = async |after: Option<EventKey>, limit| {
        let events = store.event_log(None, after.as_ref(), limit).await.unwrap();
        events.map(|events| told(&events))
    };
    assert_eq!(page(None, 2).await, Some(all[..2].to_vec()));
    let second = EventKey {
        number: all[1].0.clone(),
        id: event_id(1),
    };
    assert_eq!(page(Some(second), 2).await, Some(all[2..4].to_vec()));
    let last = store.newest_event().await.unwrap();
    assert_eq!(page(last, 2).await, Some(vec![]));
    assert_eq!(page(Some(event_key(6, 1)), 2).await, None);
    assert_eq!(page(Some(event_key(1, 2)), 2).await, None);
}

/// 1 ─┬─ 2 ── 3
///    └─ 4
async fn tree(store: &Arc<dyn Store>) {
    let accounts = [(1, &[][..]), (2, &[1]), (3, &[1, 2]), (4, &[1])];
    for (n, tree) in accounts {
        write(store, super::sample::just([put(account(n, tree))])).await;
    }
}

/// Gives a number to another account.
async fn give(store: &Arc<dyn Store>, number: &Number, to: Option<u32>, event: u32) -> Number {
    let (batch, after) = update(number, event, |number| number.owner = to.map(account_id));
    write(store, batch).await;
    after
}

/// Who had it before learns that it went, who has it after that it came.
pub async fn an_accounts_log_is_that_of_its_tree(store: Arc<dyn Store>) {
    tree(&store).await;
    let one = number(&key(1), State::Available);
    write(&store, creation(one.clone())).await;
    let one = give(&store, &one, Some(3), 2).await;
    let one = give(&store, &one, Some(4), 3).await;
    let one = give(&store, &one, None, 4).await;
    give(&store, &one, Some(2), 5).await;
    log(&store, None, None, 5).await;
    for (account, expected) in [
        (2, &["02", "03", "05"][..]),
        (3, &["02", "03"]),
        (4, &["03", "04"]),
        (5, &[]),
    ] {
        let events = log(&store, Some(&account_id(account)), None, expected.len()).await;
        let ids: Vec<_> = told(&events).into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids, expected, "account {account}");
    }
    // An event that doesn't concern the account is a place in its log too.
    let rest = log(&store, Some(&account_id(2)), Some(&event_key(1, 4)), 1).await;
    assert_eq!(told(&rest), [row(1, "05")]);
}

/// Moving an account moves nothing of what was.
pub async fn an_accounts_log_remembers_the_tree_of_its_time(store: Arc<dyn Store>) {
    tree(&store).await;
    let one = owned(&key(1), 3);
    write(&store, creation(one.clone())).await;
    write(&store, super::sample::just([put(account(3, &[1, 4]))])).await;
    let (batch, _) = update(&one, 2, |number| number.ported_in = true);
    write(&store, batch).await;
    for (account, expected) in [(2, &["01"][..]), (3, &["01", "02"]), (4, &["02"])] {
        let events = log(&store, Some(&account_id(account)), None, expected.len()).await;
        let ids: Vec<_> = told(&events).into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids, expected, "account {account}");
    }
}

/// Writers at once, each changing its number again and again, and a reader who
/// goes on after what he has seen: each event comes, each number's in order.
pub async fn who_follows_the_log_misses_nothing(store: Arc<dyn Store>) {
    const WRITERS: u64 = 8;
    const CHANGES: u32 = 25;
    tree(&store).await;
    let writers: Vec<_> = (1..=WRITERS)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut current = owned(&key(n), 3);
                write(&store, creation(current.clone())).await;
                for event in 2..=CHANGES {
                    let (batch, next) = update(&current, event, |number| {
                        number.ported_in = !number.ported_in;
                    });
                    write(&store, batch).await;
                    current = next;
                }
            })
        })
        .collect();
    let expected = usize::try_from(WRITERS).unwrap() * usize::try_from(CHANGES).unwrap();
    for account in [None, Some(account_id(2))] {
        let (mut after, mut seen) = (None, 0);
        let mut last: HashMap<E164, String> = HashMap::new();
        let begun = Instant::now();
        while seen < expected {
            let events = store.event_log(account.as_ref(), after.as_ref(), 7).await;
            for event in events.unwrap().expect("an event that is there") {
                seen += 1;
                after = Some(event.key());
                let before = last.insert(event.number.clone(), event.event.id.0.clone());
                let next = format!("{:032x}", before.map_or(1, |id| number_of(&id) + 1));
                assert_eq!(event.event.id.0, next, "of {}", event.number);
            }
            assert!(begun.elapsed() < PATIENCE, "{seen} events of {expected}");
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

fn number_of(event_id: &str) -> u32 {
    u32::from_str_radix(event_id, 16).unwrap()
}

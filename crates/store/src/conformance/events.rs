//! What happened to numbers.

use std::sync::Arc;

use numbers::event::{Action, Origin};
use numbers::state::State;
use serde_json::json;

use super::sample::{
    NOW, account_id, change, creation, deletion, down, event_id, key, number, object, origin,
    owned, up, update, write,
};
use crate::{Batch, Page, Store, StoredEvent};

/// Who, what, before, after, when, which request.
pub async fn every_change_has_its_event(store: Arc<dyn Store>) {
    assert_eq!(store.events(&key(1), &Page::first(9)).await.unwrap(), []);
    let one = number(&key(1), State::Available);
    write(&store, creation(one.clone())).await;
    let (_, two) = update(&one, 2, |number| number.assign(Some(account_id(1))));
    let system = Origin {
        account: None,
        user: None,
        request_id: "a job".to_owned(),
        at: NOW.plus_days(1),
    };
    let mut second = change(Some(one.clone()), Some(two.clone()), 2);
    second.action = Action::Fixed;
    second.origin = system.clone();
    second.note = Some("release by hand — «now»".to_owned());
    write(&store, Batch::change_number(second)).await;
    write(&store, deletion(&two, 3)).await;
    let [one, two] = [one.to_document(), two.to_document()];
    let event = |n, action, before, after| StoredEvent {
        id: event_id(n),
        action,
        origin: origin(),
        before,
        after,
        note: None,
    };
    let expected = [
        event(1, Action::Created, None, Some(one.clone())),
        StoredEvent {
            origin: system,
            note: Some("release by hand — «now»".to_owned()),
            ..event(2, Action::Fixed, Some(one), Some(two.clone()))
        },
        event(3, Action::Deleted, Some(two), None),
    ];
    assert_eq!(
        store.events(&key(1), &Page::first(9)).await.unwrap(),
        expected
    );
    assert_eq!(store.events(&key(2), &Page::first(9)).await.unwrap(), []);
}

/// The history of a number that went and came back is one.
pub async fn events_outlive_the_number_and_its_return(store: Arc<dyn Store>) {
    let one = number(&key(1), State::Available);
    for round in 0..3 {
        let created = change(None, Some(one.clone()), round * 2);
        write(&store, Batch::change_number(created)).await;
        write(&store, deletion(&one, round * 2 + 1)).await;
    }
    assert_eq!(store.number(&key(1)).await.unwrap(), None);
    let events = store.events(&key(1), &Page::first(99)).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.id.clone(), event.action))
        .collect();
    let expected: Vec<_> = (0..6)
        .map(|n| {
            (
                event_id(n),
                if n % 2 == 0 {
                    Action::Created
                } else {
                    Action::Deleted
                },
            )
        })
        .collect();
    assert_eq!(told, expected);
}

/// From an event, itself included, oldest or newest first.
pub async fn pages_of_events_go_both_ways(store: Arc<dyn Store>) {
    let mut current = number(&key(1), State::Available);
    write(&store, creation(current.clone())).await;
    write(&store, creation(number(&key(2), State::Available))).await;
    for n in 2..=9 {
        let (batch, next) = update(&current, n * 2, |number| number.ported_in = n % 2 == 0);
        write(&store, batch).await;
        current = next;
    }
    let list = async |page| {
        let events = store.events(&key(1), &page).await.unwrap();
        events
            .iter()
            .map(|event| event.id.0[30..].to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(list(up(None, 3)).await, "01 04 06");
    assert_eq!(list(up(Some(event_id(6)), 2)).await, "06 08");
    assert_eq!(list(up(Some(event_id(7)), 2)).await, "08 0a");
    assert_eq!(list(up(Some(event_id(99)), 2)).await, "");
    assert_eq!(list(down(None, 3)).await, "12 10 0e");
    assert_eq!(list(down(Some(event_id(6)), 9)).await, "06 04 01");
    assert_eq!(list(down(Some(event_id(5)), 1)).await, "04");
    assert_eq!(list(down(Some(event_id(0)), 9)).await, "");
}

/// Members in their order, whatever they hold.
pub async fn events_keep_whole_documents(store: Arc<dyn Store>) {
    let mut one = owned(&key(1), 1);
    one.public =
        object(json!({"z": 1, "a": {"é": [null, 1e3, "\u{0}"]}, "m": "x".repeat(100_000)}));
    write(&store, creation(one.clone())).await;
    write(&store, deletion(&one, 2)).await;
    let events = store.events(&key(1), &Page::first(9)).await.unwrap();
    let text = json!(one.to_document()).to_string();
    assert_eq!(json!(events[0].after).to_string(), text);
    assert_eq!(json!(events[1].before).to_string(), text);
}

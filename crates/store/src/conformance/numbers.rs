//! Reads of numbers.

use std::sync::Arc;

use numbers::carrier::CarrierName;
use numbers::feature::Feature;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use numbers::state::State;
use serde_json::{Value, json};

use super::sample::{
    NOW, account_id, at, creation, deletion, down, key, keys, number, object, owned, up, update,
    write, write_all,
};
use crate::{Page, Store};

/// Nothing comes of a key that was never written.
pub async fn an_absent_number_is_none(store: Arc<dyn Store>) {
    assert_eq!(store.number(&key(4_158_867_900)).await.unwrap(), None);
    assert_eq!(store.all_numbers(&Page::first(10)).await.unwrap(), []);
    write(
        &store,
        creation(number(&at("+14158867900"), State::Available)),
    )
    .await;
    assert_eq!(store.number(&at("+1415886790")).await.unwrap(), None);
    assert_eq!(store.number(&at("+141588679000")).await.unwrap(), None);
}

/// Unicode, big, nested and odd documents survive, members in their order.
pub async fn documents_come_back_unchanged(store: Arc<dyn Store>) {
    let mut nested = json!("innermost");
    for _ in 0..60 {
        nested = json!({ "in": [nested] });
    }
    let mut one = number(&key(1), State::InService);
    one.revision = Revision(41);
    one.owner = Some(account_id(1));
    one.previous_owner = Some(account_id(2));
    one.used_by = Some("callflow".to_owned());
    one.carrier_data = object(json!({"order_id": "x", "b": 1, "a": 2}));
    one.features
        .insert(Feature::Prepend, json!({"enabled": true, "name": "»"}));
    one.features_allowed.insert("cnam".to_owned());
    one.features_denied.insert("port".to_owned());
    one.reserve_history = vec![account_id(3), account_id(1), account_id(3)];
    one.ported_in = true;
    one.region = Some("US".to_owned());
    one.disconnected = Some(NOW);
    one.rests_until = Some(NOW.plus_days(1));
    one.modified = NOW.plus_days(2);
    one.authorizing_account = Some(account_id(4));
    one.public = object(json!({
        "zulu": 1, "alpha": {"y": null, "b": [], "x": {}}, "mike": [1, "2", 3.5, true, null],
        "unicode": "Zürich 電話 \u{1F4DE} \u{0}\u{1}\u{7f} \u{2028} \" \\ / '; DROP TABLE numbers; --",
        "": "an empty name", "a.b": 1, "a\"b": 2, "constructor": {"__proto__": 1},
        "numbers": [0, -1, i64::MIN, u64::MAX, 0.1, 1e300, -0.5, 5e-324, f64::MAX, 0.1 + 0.2, 3.584_446_600_279_642_8e298, 2.225_073_858_507_201e-308, 1.0],
        "big": "é".repeat(300_000),
        "nested": nested,
    }));
    let mut members: Vec<(String, Value)> = (0..500)
        .map(|n| (format!("member {}", n * 7919 % 500), json!(n)))
        .collect();
    let mut many = number(&key(2), State::Available);
    many.public.extend(members.drain(..));
    for number in [&one, &many] {
        write(&store, creation(number.clone())).await;
        let read = store
            .number(&number.id)
            .await
            .unwrap()
            .expect("it was written");
        assert_eq!(read.public, number.public);
        // Maps are equal whatever their order; texts aren't.
        assert_eq!(
            json!(read.public).to_string(),
            json!(number.public).to_string()
        );
        assert_eq!(
            json!(read.carrier_data).to_string(),
            json!(number.carrier_data).to_string()
        );
        assert_eq!(&read, number);
    }
}

/// An update changes what every read goes by.
pub async fn every_column_follows_an_update(store: Arc<dyn Store>) {
    let one = number(&key(1), State::Available);
    write(&store, creation(one.clone())).await;
    let (batch, two) = update(&one, 2, |number| {
        number.state = State::Reserved;
        number.owner = Some(account_id(1));
        number.carrier = CarrierName::new("telnyx");
        number.carrier_data = object(json!({"pool": account_id(1).as_str()}));
        number.public = object(json!({"note": "x"}));
    });
    write(&store, batch).await;
    assert_eq!(store.number(&one.id).await.unwrap(), Some(two.clone()));
    assert_eq!(
        store.numbers(std::slice::from_ref(&one.id)).await.unwrap(),
        [Some(two.clone())]
    );
    assert_eq!(
        store.all_numbers(&Page::first(2)).await.unwrap(),
        std::slice::from_ref(&two)
    );
    let list = store
        .account_numbers(&account_id(1), &Page::first(2))
        .await
        .unwrap();
    assert_eq!(list, [two]);
}

/// Answers stand where the keys stood, twice for a key twice.
pub async fn many_come_in_the_order_asked_for(store: Arc<dyn Store>) {
    assert_eq!(store.numbers(&[]).await.unwrap(), []);
    write_all(
        &store,
        (0..200).map(|n| creation(number(&key(n), State::Available))),
    )
    .await;
    for count in [5_u64, 200] {
        let asked: Vec<_> = (0..count)
            .rev()
            .flat_map(|n| [key(n), key(n + 1000), key(n)])
            .collect();
        let answers = store.numbers(&asked).await.unwrap();
        assert_eq!(answers.len(), asked.len());
        for (key, answer) in asked.iter().zip(answers) {
            let there = key.as_str() < "+10000000200";
            assert_eq!(answer.map(|number| number.id), there.then(|| key.clone()));
        }
    }
}

/// A number is in the list of its owner and in no other.
pub async fn the_list_of_an_account_follows_owners(store: Arc<dyn Store>) {
    let list = async |n| {
        let numbers = store
            .account_numbers(&account_id(n), &Page::first(10))
            .await
            .unwrap();
        keys(&numbers).join(" ")
    };
    let free = number(&key(1), State::Available);
    write(&store, creation(free.clone())).await;
    write(&store, creation(owned(&key(2), 1))).await;
    assert_eq!([list(1).await, list(2).await], ["+10000000002", ""]);
    let (batch, first) = update(&free, 2, |number| number.assign(Some(account_id(1))));
    write(&store, batch).await;
    assert_eq!(
        [list(1).await, list(2).await],
        ["+10000000001 +10000000002", ""]
    );
    let (batch, second) = update(&first, 3, |number| number.assign(Some(account_id(2))));
    write(&store, batch).await;
    assert_eq!(
        [list(1).await, list(2).await],
        ["+10000000002", "+10000000001"]
    );
    let (batch, same) = update(&second, 4, |number| number.state = State::PortOut);
    write(&store, batch).await;
    assert_eq!(list(2).await, "+10000000001");
    let (batch, nobodys) = update(&same, 5, |number| number.assign(None));
    write(&store, batch).await;
    assert_eq!(list(2).await, "");
    let (batch, again) = update(&nobodys, 6, |number| number.assign(Some(account_id(2))));
    write(&store, batch).await;
    write(&store, deletion(&again, 7)).await;
    assert_eq!([list(1).await, list(2).await], ["+10000000002", ""]);
    assert_eq!(store.number(&key(1)).await.unwrap(), None);
}

/// From a key, itself included, whether it is there or not.
pub async fn pages_of_an_account_go_both_ways(store: Arc<dyn Store>) {
    write_all(&store, (1..=9).map(|n| creation(owned(&key(n * 2), 1)))).await;
    write_all(&store, (1..=9).map(|n| creation(owned(&key(n * 2 + 1), 2)))).await;
    let list = async |page| {
        let numbers = store.account_numbers(&account_id(1), &page).await.unwrap();
        numbers
            .iter()
            .map(|number| number.id.digits()[8..].to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(list(up(None, 3)).await, "002 004 006");
    assert_eq!(list(up(Some(key(6)), 3)).await, "006 008 010");
    assert_eq!(list(up(Some(key(7)), 3)).await, "008 010 012");
    assert_eq!(list(up(Some(key(16)), 3)).await, "016 018");
    assert_eq!(list(up(Some(key(19)), 3)).await, "");
    assert_eq!(list(up(None, 0)).await, "");
    assert_eq!(list(down(None, 3)).await, "018 016 014");
    assert_eq!(list(down(Some(key(14)), 3)).await, "014 012 010");
    assert_eq!(list(down(Some(key(13)), 3)).await, "012 010 008");
    assert_eq!(list(down(Some(key(3)), 3)).await, "002");
    assert_eq!(list(down(Some(key(1)), 3)).await, "");
    assert_eq!(list(up(None, usize::MAX)).await.len(), 9 * 4 - 1);
}

/// The same over all numbers; the order is that of the texts.
pub async fn pages_of_all_numbers_go_both_ways(store: Arc<dyn Store>) {
    let all = [
        "+12",
        "+121",
        "+1210",
        "+122",
        "+13",
        "+2",
        "+999999999999999",
    ];
    let all = all.map(|text| if text == "+2" { "+20" } else { text });
    write_all(
        &store,
        all.iter()
            .map(|text| creation(number(&at(text), State::Available))),
    )
    .await;
    let list = async |page| {
        let numbers = store.all_numbers(&page).await.unwrap();
        keys(&numbers).join(" ")
    };
    assert_eq!(list(up(None, 9)).await, all.join(" "));
    assert_eq!(list(up(Some(at("+121")), 3)).await, "+121 +1210 +122");
    assert_eq!(list(up(Some(at("+1211")), 2)).await, "+122 +13");
    assert_eq!(list(down(Some(at("+1211")), 2)).await, "+1210 +121");
    assert_eq!(list(down(None, 2)).await, "+999999999999999 +20");
    assert_eq!(list(down(None, 0)).await, "");
    // Page by page, the last key of one being the first of the next.
    let mut seen = Vec::new();
    let mut page = Page::first(3);
    loop {
        let numbers = store.all_numbers(&page).await.unwrap();
        let fresh = numbers.iter().map(|number| number.id.clone());
        seen.extend(fresh.filter(|key| page.from.as_ref() != Some(key)));
        if numbers.len() < 3 {
            break;
        }
        page = Page::starting_at(numbers[2].id.clone(), 3);
    }
    assert_eq!(seen, all.map(at));
}

/// Only aging numbers whose rest is over, the longest over first.
pub async fn rested_numbers_come_longest_first(store: Arc<dyn Store>) {
    let resting = |n, state, until: Option<u64>| {
        let mut number = number(&key(n), state);
        number.rests_until = until.map(GregorianSeconds::new);
        creation(number)
    };
    write_all(
        &store,
        [
            resting(1, State::Aging, Some(300)),
            resting(2, State::Aging, Some(100)),
            resting(3, State::Aging, Some(200)),
            resting(4, State::Aging, Some(100)),
            resting(5, State::Aging, None),
            resting(6, State::Available, Some(50)),
            resting(7, State::Aging, Some(301)),
        ],
    )
    .await;
    let rested = async |now, limit| {
        let numbers = store
            .rested(GregorianSeconds::new(now), limit)
            .await
            .unwrap();
        numbers
            .iter()
            .map(|number| number.id.digits()[10..].to_owned())
            .collect::<String>()
    };
    assert_eq!(rested(99, 9).await, "");
    assert_eq!(rested(100, 9).await, "24");
    assert_eq!(rested(300, 9).await, "2431");
    assert_eq!(rested(300, 3).await, "243");
    assert_eq!(rested(u64::MAX, 9).await, "24317");
    let longest = store
        .number(&key(2))
        .await
        .unwrap()
        .expect("it was written");
    write(
        &store,
        update(&longest, 2, |number| number.state = State::Available).0,
    )
    .await;
    assert_eq!(rested(300, 9).await, "431");
}

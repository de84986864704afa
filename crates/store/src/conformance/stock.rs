//! Looks through the own stock.

use std::sync::Arc;

use numbers::carrier::CarrierName;
use numbers::number::Number;
use numbers::state::State;
use serde_json::json;

use super::sample::{account_id, at, creation, deletion, number, object, update, write, write_all};
use crate::{Batch, Stock, StockQuery, Store};

fn inventory() -> Stock {
    Stock::Carrier(CarrierName::new("inventory"))
}

fn of(carrier: &str, key: &str, state: State) -> Number {
    let mut number = number(&at(key), state);
    number.carrier = CarrierName::new(carrier);
    number
}

fn pooled(carrier: &str, key: &str, pool: u32) -> Number {
    let mut number = of(carrier, key, State::Available);
    number.carrier_data = object(json!({ "pool": account_id(pool).as_str() }));
    number
}

fn reserved(key: &str, owner: u32) -> Batch {
    let mut number = of("inventory", key, State::Reserved);
    number.owner = Some(account_id(owner));
    creation(number)
}

async fn look(store: &Arc<dyn Store>, stock: Stock, prefix: &str) -> String {
    page(store, stock, prefix, None, 99).await
}

async fn page(
    store: &Arc<dyn Store>,
    stock: Stock,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> String {
    let query = StockQuery {
        stock,
        prefix: prefix.to_owned(),
        after: after.map(at),
        limit,
    };
    let numbers = store.stock(&query).await.unwrap();
    numbers
        .iter()
        .map(|number| number.id.digits().to_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Of that carrier, for sale, made for nobody.
pub async fn a_carriers_stock_is_available_and_in_no_pool(store: Arc<dyn Store>) {
    assert_eq!(look(&store, inventory(), "+1").await, "");
    let states = (10..).zip(State::ALL);
    let all = states.map(|(n, state)| creation(of("inventory", &format!("+1{n}"), state)));
    write_all(&store, all).await;
    write(&store, creation(of("managed", "+120", State::Available))).await;
    write(&store, creation(pooled("inventory", "+121", 1))).await;
    assert_eq!(State::ALL[1], State::Available);
    assert_eq!(look(&store, inventory(), "+1").await, "111");
    assert_eq!(
        look(&store, Stock::Carrier(CarrierName::new("managed")), "+1").await,
        "120"
    );
    assert_eq!(
        look(&store, Stock::Carrier(CarrierName::new("manage")), "+1").await,
        ""
    );
}

/// Of that carrier, for sale, made for that account.
pub async fn a_pool_is_for_one_account(store: Arc<dyn Store>) {
    let pool = |n| Stock::Pool(CarrierName::new("managed"), account_id(n));
    let mut taken = pooled("managed", "+1203", 1);
    taken.state = State::InService;
    let all = [
        pooled("managed", "+1201", 1),
        pooled("managed", "+1202", 2),
        taken,
        pooled("inventory", "+1204", 1),
        of("managed", "+1205", State::Available),
        pooled("managed", "+1200", 1),
    ];
    write_all(&store, all.map(creation)).await;
    assert_eq!(look(&store, pool(1), "+1").await, "1200 1201");
    assert_eq!(look(&store, pool(2), "+1").await, "1202");
    assert_eq!(look(&store, pool(3), "+1").await, "");
    assert_eq!(look(&store, pool(1), "+1201").await, "1201");
}

/// What an account holds reserved, of whatever carrier.
pub async fn reserved_stock_is_the_accounts(store: Arc<dyn Store>) {
    let held = |n| Stock::Reserved(account_id(n));
    write_all(
        &store,
        [
            reserved("+1202", 1),
            reserved("+1201", 1),
            reserved("+1203", 2),
        ],
    )
    .await;
    let mut used = of("inventory", "+1204", State::InService);
    used.owner = Some(account_id(1));
    write(&store, creation(used)).await;
    let mut other = of("telnyx", "+1205", State::Reserved);
    other.owner = Some(account_id(1));
    write(&store, creation(other)).await;
    assert_eq!(look(&store, held(1), "+1").await, "1201 1202 1205");
    assert_eq!(look(&store, held(2), "+1").await, "1203");
    assert_eq!(look(&store, held(3), "+1").await, "");
    assert_eq!(look(&store, held(1), "+1202").await, "1202");
}

/// A prefix is the beginning of the key, digit by digit, to the last digit.
pub async fn prefixes_are_digit_by_digit(store: Arc<dyn Store>) {
    let keys = [
        "+1415",
        "+14150",
        "+14159999",
        "+1416",
        "+1414999",
        "+1499",
        "+33",
        "+999",
    ];
    write_all(
        &store,
        keys.map(|key| creation(of("inventory", key, State::Available))),
    )
    .await;
    assert_eq!(
        look(&store, inventory(), "+1415").await,
        "1415 14150 14159999"
    );
    assert_eq!(look(&store, inventory(), "+149").await, "1499");
    assert_eq!(look(&store, inventory(), "+9").await, "999");
    assert_eq!(
        look(&store, inventory(), "+").await.split(' ').count(),
        keys.len()
    );
    assert_eq!(look(&store, inventory(), "+14159999").await, "14159999");
    assert_eq!(look(&store, inventory(), "+141599999").await, "");
    for odd in ["+1%", "+1_15", "+1?", "*", "+1415'"] {
        assert_eq!(look(&store, inventory(), odd).await, "", "{odd}");
    }
}

/// Ascending from behind a key, as many as asked for.
pub async fn pages_continue_after_a_key(store: Arc<dyn Store>) {
    let keys = (0..10).map(|n| format!("+1415{n}"));
    write_all(
        &store,
        keys.map(|key| creation(of("inventory", &key, State::Available))),
    )
    .await;
    write(
        &store,
        creation(of("inventory", "+141530", State::Available)),
    )
    .await;
    let page = |after, limit| page(&store, inventory(), "+1415", after, limit);
    assert_eq!(page(None, 3).await, "14150 14151 14152");
    assert_eq!(page(Some("+14152"), 3).await, "14153 141530 14154");
    assert_eq!(page(Some("+14153"), 2).await, "141530 14154");
    assert_eq!(page(Some("+141530"), 1).await, "14154");
    assert_eq!(page(Some("+141525"), 1).await, "14153");
    assert_eq!(page(Some("+14158"), 9).await, "14159");
    assert_eq!(page(Some("+14159"), 9).await, "");
    assert_eq!(page(Some("+1414"), 1).await, "14150");
    assert_eq!(page(Some("+1416"), 1).await, "");
    assert_eq!(page(None, 0).await, "");
}

/// A number comes into the stock and goes out of it as it changes.
pub async fn stock_follows_changes(store: Arc<dyn Store>) {
    let pool = || Stock::Pool(CarrierName::new("inventory"), account_id(1));
    let reserved = || Stock::Reserved(account_id(1));
    let now = async || {
        let mut found = String::new();
        for (stock, sign) in [(inventory(), "c"), (pool(), "p"), (reserved(), "r")] {
            if !look(&store, stock, "+1").await.is_empty() {
                found.push_str(sign);
            }
        }
        found
    };
    let aging = of("inventory", "+1201", State::Aging);
    write(&store, creation(aging.clone())).await;
    assert_eq!(now().await, "");
    let (batch, free) = update(&aging, 2, |number| number.state = State::Available);
    write(&store, batch).await;
    assert_eq!(now().await, "c");
    let (batch, held) = update(&free, 3, |number| {
        number.state = State::Reserved;
        number.assign(Some(account_id(1)));
    });
    write(&store, batch).await;
    assert_eq!(now().await, "r");
    let (batch, back) = update(&held, 4, |number| {
        number.state = State::Available;
        number.assign(None);
        number.carrier_data = object(json!({ "pool": account_id(1).as_str() }));
    });
    write(&store, batch).await;
    assert_eq!(now().await, "p");
    let (batch, renamed) = update(&back, 5, |number| {
        number.carrier = CarrierName::new("other");
    });
    write(&store, batch).await;
    assert_eq!(now().await, "");
    let (batch, again) = update(&renamed, 6, |number| {
        number.carrier = CarrierName::new("inventory");
        number.carrier_data.clear();
    });
    write(&store, batch).await;
    assert_eq!(now().await, "c");
    write(&store, deletion(&again, 7)).await;
    assert_eq!(now().await, "");
}

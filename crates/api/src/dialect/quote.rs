//! What a request would cost, as each dialect shows it (spec/http.md 2.7).

use numbers::price::{Quote, QuoteItem};
use serde_json::{Map, Value, json};

/// An object: category → item → what it costs.
pub(super) fn by_category(quote: &Quote) -> Value {
    let mut data = Map::new();
    for item in &quote.items {
        let line = json!({
            "category": item.charge.category.as_str(),
            "item": item.charge.item,
            "quantity": item.quantity,
            "rate": item.monthly,
            "single_discount": false,
            "single_discount_rate": 0.0,
            "cumulative_discount": 0,
            "cumulative_discount_rate": 0.0,
            "activation_charges": item.activation * f64::from(item.quantity),
        });
        let category = data
            .entry(item.charge.category.as_str())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(items) = category {
            items.insert(item.charge.item.clone(), line);
        }
    }
    data.insert(
        "activation_charges".to_owned(),
        quote.activation_total().into(),
    );
    Value::Object(data)
}

/// A list of invoices, here always one. Monster UI needs `bookkeeper.type`.
pub(super) fn as_invoices(quote: &Quote) -> Value {
    let line = |item: &QuoteItem| {
        json!({
            "category": item.charge.category.as_str(),
            "item": item.charge.item,
            "quantity": item.quantity,
            "billable": item.quantity,
            "rate": item.monthly,
            "total": item.monthly * f64::from(item.quantity),
        })
    };
    let activation = |item: &QuoteItem| {
        json!({
            "category": item.charge.category.as_str(),
            "item": item.charge.item,
            "quantity": item.quantity,
            "rate": item.activation,
            "total": item.activation * f64::from(item.quantity),
        })
    };
    let once = quote.items.iter().filter(|item| item.activation > 0.0);
    json!([{
        "items": quote.items.iter().map(line).collect::<Vec<_>>(),
        "activation_charges": once.map(activation).collect::<Vec<_>>(),
        "taxes": [],
        "summary": {"today": quote.activation_total(), "recurring": quote.monthly_total()},
        "plan": {},
        "bookkeeper": {"type": "local"},
    }])
}

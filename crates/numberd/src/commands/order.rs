//! `numberd order`: a look at orders at carriers, and the end of what a person
//! has to do.

use carriers::OrderId;
use engine::Context;
use engine::orders::{Order, OrderState, order_row};
use numbers::account::AccountId;
use serde_json::Value;
use store::Page;

use super::PAGE;
use crate::cli::{Format, Global, OrderCommand};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, command: OrderCommand) -> Outcome {
    let access = match command {
        OrderCommand::Close { .. } => Access::Write,
        OrderCommand::List { .. } | OrderCommand::Show { .. } => Access::Read,
    };
    let database = Database::for_command(global, access).await?;
    match command {
        OrderCommand::List {
            account,
            state,
            open,
            limit,
            format,
        } => {
            let wanted = Wanted {
                account,
                state,
                open,
                limit: if limit == 0 { usize::MAX } else { limit },
            };
            list(&database, &wanted, format).await
        }
        OrderCommand::Show { id, format } => show(&read(&database, id).await?, format),
        OrderCommand::Close { id, format } => {
            let closed = close(&database, id).await?;
            database.close().await?;
            show(&closed, format)
        }
    }
}

struct Wanted {
    account: Option<String>,
    state: Option<OrderState>,
    open: bool,
    limit: usize,
}

impl Wanted {
    fn is_met_by(&self, order: &Order) -> bool {
        let state = order.state();
        self.state.is_none_or(|wanted| wanted == state) && !(self.open && state.is_final())
    }
}

async fn list(database: &Database, wanted: &Wanted, format: Format) -> Outcome {
    let account = match &wanted.account {
        Some(text) => Some(database.account(text).await?.id.clone()),
        None => None,
    };
    let columns = [
        ("planned", 20),
        ("id", 32),
        ("kind", 8),
        ("state", 9),
        ("carrier", 10),
        ("account", 32),
        ("numbers", 0),
    ];
    let mut list = List::new(format.json, &columns);
    let mut page = Some(Page::first(PAGE + 1));
    let (mut shown, mut more) = (0, false);
    'pages: while let Some(this) = page.take() {
        let mut orders = database.engine.orders(account.as_ref(), &this).await?;
        if orders.len() > PAGE
            && let Some(next) = orders.pop()
        {
            page = Some(Page::starting_at(next.id.0, PAGE + 1));
        }
        for order in orders.iter().filter(|order| wanted.is_met_by(order)) {
            if shown == wanted.limit {
                more = true;
                break 'pages;
            }
            shown += 1;
            list.row(|| cells(order), || document(order))?;
        }
    }
    list.finish()?;
    if more {
        output::note("there are more: --limit 0 shows all");
    }
    Ok(())
}

fn planned(order: &Order) -> String {
    let first = order.steps.first();
    first.map(|step| output::time(step.at)).unwrap_or_default()
}

fn numbers(order: &Order) -> String {
    let numbers = order.numbers.iter();
    let numbers: Vec<&str> = numbers.map(|line| line.number.as_str()).collect();
    numbers.join(" ")
}

fn owner(order: &Order) -> &str {
    order.account.as_ref().map_or("", AccountId::as_str)
}

fn cells(order: &Order) -> Vec<String> {
    vec![
        planned(order),
        order.id.to_string(),
        order.kind.as_str().to_owned(),
        order.state().to_string(),
        order.carrier.to_string(),
        owner(order).to_owned(),
        numbers(order),
    ]
}

/// All that is known of an order.
fn document(order: &Order) -> Value {
    Value::Object(order_row(order, true))
}

async fn read(database: &Database, id: String) -> Outcome<Order> {
    let found = database.engine.desk().order(&OrderId(id.clone())).await?;
    found.ok_or_else(|| Failure::not_found(format!("there is no order '{id}'")))
}

async fn close(database: &Database, id: String) -> Outcome<Order> {
    let order = read(database, id).await?;
    let cx = Context::system("order-close");
    let (id, state) = (order.id.clone(), order.state());
    let closed = database.engine.close_order(&cx, order).await?;
    closed.ok_or_else(|| {
        let message = format!(
            "order {id} is {state}: only a release that waits for a person (by_hand) can be closed"
        );
        Failure::new(Code::Refused, message)
    })
}

fn show(order: &Order, format: Format) -> Outcome {
    let steps = order.steps.iter();
    let steps: Vec<String> = steps
        .map(|step| format!("{} {}", output::time(step.at), step.state))
        .collect();
    let mut facts = vec![
        ("id", order.id.to_string()),
        ("kind", order.kind.as_str().to_owned()),
        ("state", order.state().to_string()),
        ("states", steps.join(", ")),
        ("carrier", order.carrier.to_string()),
        ("account", owner(order).to_owned()),
        ("request", order.request_id.clone()),
        ("asked", format!("{} times", order.asked)),
    ];
    if !order.vendor.is_empty() {
        facts.push(("vendor", Value::Object(order.vendor.clone()).to_string()));
    }
    if let Some(fault) = &order.fault {
        let code = fault.code.as_ref().map(|code| format!(" ({code})"));
        let text = format!("{}{}", fault.reason, code.unwrap_or_default());
        facts.push(("fault", text));
    }
    for line in &order.numbers {
        let reason = line.reason.as_ref().map(|reason| format!(": {reason}"));
        let text = format!(
            "{} {}{}",
            line.number,
            line.state.as_str(),
            reason.unwrap_or_default()
        );
        facts.push(("number", text));
    }
    Ok(output::facts(format.json, &facts, &document(order))?)
}

//! Writes what became of the rows of a transaction.

use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::number::Number;
use store::{DataSet, Document, Operation, User};

use crate::failure::{Failure, Result};
use crate::pool::Client;
use crate::read::row;
use crate::text::Text;
use crate::write::counters::Deltas;
use crate::write::statement::{Statement, execute};
use crate::write::world::{Cell, Event, Head, Now, Tree, World, Written};

/// How many expired documents one transaction removes: more wait for the next.
const MOST_EXPIRED: i64 = 1000;

/// Writes all changes in one go. Rows that were locked are there; for one that
/// wasn't there an insert must find it so still.
pub async fn save(client: &Client, world: &World<'_>, slot: i32) -> Result<()> {
    verify_trust(world)?;
    let mut out = Vec::new();
    for (id, cell) in &world.accounts {
        account(&mut out, id, cell);
    }
    for (id, tree) in &world.trees {
        move_account(&mut out, id, tree);
    }
    for (key, cell) in &world.numbers {
        number(&mut out, key, cell);
    }
    for each in &world.events {
        event(&mut out, each);
    }
    users(&mut out, world);
    names(&mut out, world);
    for ((kind, id), cell) in &world.documents {
        document(&mut out, kind, id, cell);
    }
    for operation in &world.data {
        data(&mut out, operation);
    }
    if let Some(now) = world.expired {
        let sql = "DELETE FROM documents WHERE (kind, id) IN \
             (SELECT kind, id FROM documents WHERE expires <= $1 LIMIT $2)";
        out.push(
            Statement::new(sql)
                .with(row::signed(now.get()))
                .with(MOST_EXPIRED),
        );
    }
    // Last, since others wait for these rows the most.
    out.extend(Deltas::of(world)?.statements(slot));
    execute(client, &out).await
}

/// A number taken for absent must end in an insert, which finds out.
fn verify_trust(world: &World<'_>) -> Result<()> {
    let mut trusted = world
        .trusted
        .iter()
        .filter_map(|key| world.numbers.get(key));
    if trusted.all(|cell| matches!(cell.now, Now::Is(_))) {
        Ok(())
    } else {
        Err(Failure::conflict())
    }
}

type Out<'a> = Vec<Statement<'a>>;

fn account<'a>(
    out: &mut Out<'a>,
    id: &'a AccountId,
    cell: &Cell<numbers::revision::Revision, Written<'a, Account>>,
) {
    let written = |sql, (account, body): Written<'a, Account>| {
        Statement::new(sql)
            .with(account.id.as_str())
            .with(row::signed(account.revision.0))
            .with(account.tree.last().map(AccountId::as_str))
            .with(body)
    };
    match (&cell.now, &cell.stored) {
        (Now::Unchanged, _) | (Now::Gone, None) => {}
        (Now::Gone, Some(_)) => {
            out.push(Statement::new("DELETE FROM accounts WHERE id = $1").with(id.as_str()));
        }
        (Now::Is(now), None) => out.push(
            written(
                "INSERT INTO accounts (id, revision, parent_id, body) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT DO NOTHING",
                *now,
            )
            .must_write(),
        ),
        (Now::Is(now), Some(_)) => out.push(
            written(
                "UPDATE accounts SET revision = $2, parent_id = $3, body = $4 WHERE id = $1",
                *now,
            )
            .must_write(),
        ),
    }
}

fn move_account<'a>(out: &mut Out<'a>, id: &'a AccountId, tree: &'a Tree) {
    for left in tree.stored.difference(tree.current()) {
        let sql = "DELETE FROM account_tree WHERE descendant = $1 AND ancestor = $2";
        out.push(Statement::new(sql).with(id.as_str()).with(left.as_str()));
    }
    for joined in tree.current().difference(&tree.stored) {
        let sql = "INSERT INTO account_tree (descendant, ancestor) VALUES ($1, $2) \
             ON CONFLICT DO NOTHING";
        out.push(Statement::new(sql).with(id.as_str()).with(joined.as_str()));
    }
}

fn number<'a>(out: &mut Out<'a>, key: &'a E164, cell: &'a Cell<Head, Written<'a, Number>>) {
    let stored = cell.stored.as_ref();
    let owner = match (&cell.now, stored) {
        (Now::Unchanged, _) | (Now::Gone, None) => return,
        (Now::Gone, Some(_)) => {
            out.push(Statement::new("DELETE FROM numbers WHERE e164 = $1").with(key.as_str()));
            None
        }
        (Now::Is(now), None) => {
            let sql = "INSERT INTO numbers (e164, revision, state, account_id, carrier, pool, \
                 billable, rests_until, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                 ON CONFLICT DO NOTHING";
            out.push(columns(sql, *now).must_write());
            now.0.owner.as_ref()
        }
        (Now::Is(now), Some(_)) => {
            let sql = "UPDATE numbers SET revision = $2, state = $3, account_id = $4, \
                 carrier = $5, pool = $6, billable = $7, rests_until = $8, body = $9 \
                 WHERE e164 = $1";
            out.push(columns(sql, *now).must_write());
            now.0.owner.as_ref()
        }
    };
    let former = stored.and_then(|head| head.account.as_ref());
    if former == owner {
        return;
    }
    if let Some(account) = former {
        let sql = "DELETE FROM account_numbers WHERE account_id = $1 AND e164 = $2";
        out.push(
            Statement::new(sql)
                .with(account.as_str())
                .with(key.as_str()),
        );
    }
    if let Some(account) = owner {
        let sql = "INSERT INTO account_numbers (account_id, e164) VALUES ($1, $2) \
             ON CONFLICT DO NOTHING";
        out.push(
            Statement::new(sql)
                .with(account.as_str())
                .with(key.as_str()),
        );
    }
}

fn columns<'a>(sql: &'a str, (number, body): Written<'a, Number>) -> Statement<'a> {
    Statement::new(sql)
        .with(number.id.as_str())
        .with(row::signed(number.revision.0))
        .with(number.state.as_str())
        .with(number.owner.as_ref().map(AccountId::as_str))
        .with(Text(number.carrier.as_str()))
        .with(number.pool().map(Text))
        .with(number.is_billable())
        .with(row::seconds(number.rests_until))
        .with(body)
}

fn event<'a>(out: &mut Out<'a>, event: &'a Event<'a>) {
    let change = event.change;
    let origin = &change.origin;
    let sql = "INSERT INTO number_events (e164, event_id, action, account_id, user_id, \
         request_id, at, before, after, note, position) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nextval('event_positions'))";
    let statement = Statement::new(sql)
        .with(change.key().as_str())
        .with(Text(&change.event.0))
        .with(change.action.as_str())
        .with(origin.account.as_ref().map(AccountId::as_str))
        .with(origin.user.as_deref().map(Text))
        .with(Text(&origin.request_id))
        .with(row::signed(origin.at.get()))
        .with(event.before.as_deref())
        .with(event.after)
        .with(change.note.as_deref().map(Text));
    out.push(statement);
    if event.concerned.is_empty() {
        return;
    }
    // The position is the one that this connection has just drawn.
    let sql = "INSERT INTO account_events (account_id, position, e164, event_id) \
         SELECT account, currval('event_positions'), $2, $3 FROM unnest($1::TEXT[]) account";
    let concerned: Vec<&str> = event.concerned.iter().map(AccountId::as_str).collect();
    let statement = Statement::new(sql).with(concerned);
    let statement = statement.with(change.key().as_str());
    out.push(statement.with(Text(&change.event.0)));
}

fn users<'a>(out: &mut Out<'a>, world: &'a World<'a>) {
    for account in &world.emptied {
        let sql = "DELETE FROM users WHERE account_id = $1";
        out.push(Statement::new(sql).with(account.as_str()));
    }
    for ((account, id), cell) in &world.users {
        // Who is made again after all were removed is not there any more.
        let is_stored = cell.stored.is_some() && !world.emptied.contains(account);
        let written = |sql, (user, body): Written<'a, User>| {
            Statement::new(sql)
                .with(account.as_str())
                .with(Text(&id.0))
                .with(row::signed(user.revision.0))
                .with(body)
                .must_write()
        };
        match &cell.now {
            Now::Gone if is_stored => {
                let sql = "DELETE FROM users WHERE account_id = $1 AND id = $2";
                out.push(Statement::new(sql).with(account.as_str()).with(Text(&id.0)));
            }
            Now::Is(now) if is_stored => out.push(written(
                "UPDATE users SET revision = $3, body = $4 WHERE account_id = $1 AND id = $2",
                *now,
            )),
            Now::Is(now) => out.push(written(
                "INSERT INTO users (account_id, id, revision, body) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT DO NOTHING",
                *now,
            )),
            Now::Unchanged | Now::Gone => {}
        }
    }
}

fn names<'a>(out: &mut Out<'a>, world: &'a World<'a>) {
    for ((kind, name), cell) in &world.claims {
        let sql = match (&cell.now, &cell.stored) {
            (Now::Unchanged, _) | (Now::Gone, None) => continue,
            (Now::Gone, Some(_)) => {
                let sql = "DELETE FROM claims WHERE kind = $1 AND name = $2";
                out.push(Statement::new(sql).with(*kind).with(Text(name)));
                continue;
            }
            (Now::Is(_), Some(_)) => "UPDATE claims SET holder = $3 WHERE kind = $1 AND name = $2",
            (Now::Is(_), None) => {
                "INSERT INTO claims (kind, name, holder) VALUES ($1, $2, $3) \
                 ON CONFLICT DO NOTHING"
            }
        };
        if let Now::Is(holder) = cell.now {
            let statement = Statement::new(sql).with(*kind).with(Text(name));
            out.push(statement.with(Text(holder)).must_write());
        }
    }
    for (key, cell) in &world.settings {
        if let Now::Is(value) = cell.now {
            let sql = match &cell.stored {
                Some(_) => "UPDATE settings SET value = $2 WHERE key = $1",
                None => "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            };
            let statement = Statement::new(sql).with(Text(key)).with(Text(value));
            out.push(statement.must_write());
        }
    }
}

fn document<'a>(
    out: &mut Out<'a>,
    kind: &'static str,
    id: &'a str,
    cell: &Cell<numbers::revision::Revision, &'a Document>,
) {
    let sql = match (&cell.now, &cell.stored) {
        (Now::Unchanged, _) | (Now::Gone, None) => return,
        (Now::Gone, Some(_)) => {
            let sql = "DELETE FROM documents WHERE kind = $1 AND id = $2";
            return out.push(Statement::new(sql).with(kind).with(Text(id)));
        }
        (Now::Is(_), Some(_)) => {
            "UPDATE documents SET account_id = $3, revision = $4, due = $5, expires = $6, \
             body = $7 WHERE kind = $1 AND id = $2"
        }
        (Now::Is(_), None) => {
            "INSERT INTO documents (kind, id, account_id, revision, due, expires, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
        }
    };
    if let Now::Is(document) = cell.now {
        out.push(
            Statement::new(sql)
                .with(kind)
                .with(Text(id))
                .with(document.account.as_ref().map(AccountId::as_str))
                .with(row::signed(document.revision.0))
                .with(row::seconds(document.due))
                .with(row::seconds(document.expires))
                .with(Text(&document.body))
                .must_write(),
        );
    }
}

fn data<'a>(out: &mut Out<'a>, operation: &'a Operation) {
    match operation {
        Operation::PutDataSet(set) => out.push(data_set(set)),
        Operation::PutDataPart(id, part, body) => {
            let sql = "INSERT INTO data_parts (set_id, part, body) VALUES ($1, $2, $3) \
                 ON CONFLICT (set_id, part) DO UPDATE SET body = excluded.body";
            let statement = Statement::new(sql).with(Text(&id.0)).with(i64::from(*part));
            out.push(statement.with(Text(body)));
        }
        Operation::DeleteDataSet(id) => {
            for sql in [
                "DELETE FROM data_sets WHERE id = $1",
                "DELETE FROM data_parts WHERE set_id = $1",
            ] {
                out.push(Statement::new(sql).with(Text(&id.0)));
            }
        }
        // Only operations on data sets are kept in this list.
        _ => {}
    }
}

fn data_set(set: &DataSet) -> Statement<'_> {
    let sql = "INSERT INTO data_sets (id, name, kind, source, loaded, rows, parts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, \
         source = excluded.source, loaded = excluded.loaded, rows = excluded.rows, \
         parts = excluded.parts";
    Statement::new(sql)
        .with(Text(&set.id.0))
        .with(Text(&set.name))
        .with(Text(&set.kind))
        .with(Text(&set.source))
        .with(row::signed(set.loaded.get()))
        .with(row::signed(set.rows))
        .with(set.parts.map(i64::from))
}

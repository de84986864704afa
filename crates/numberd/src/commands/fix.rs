//! `numberd fix`: repairs what `numberd check` finds wrong with numbers.

use engine::Context;
use serde_json::{Value, json};

use crate::cli::{Format, Global};
use crate::database::{Access, Database};
use crate::exit::Outcome;
use crate::output;

/// Most repairs that are told.
const MOST: usize = 1000;

pub async fn run(global: &Global, format: Format) -> Outcome {
    let database = Database::for_command(global, Access::Write).await?;
    let repaired = repair(&database).await;
    database.close().await?;
    repaired?.tell(format)
}

#[derive(Default)]
struct Repaired {
    looked_at: usize,
    mended: usize,
    told: Vec<(String, String)>,
}

async fn repair(database: &Database) -> Outcome<Repaired> {
    let cx = Context::system("fix");
    let mut all = Repaired::default();
    let mut from = None;
    loop {
        let page = database.engine.fix_page(&cx, from).await?;
        all.looked_at += page.numbers;
        all.mended += page.repairs.len();
        let room = MOST - all.told.len();
        let told = page.repairs.into_iter().take(room);
        all.told
            .extend(told.map(|repair| (repair.number.to_string(), repair.what)));
        from = page.next;
        if from.is_none() {
            return Ok(all);
        }
    }
}

impl Repaired {
    fn tell(self, format: Format) -> Outcome {
        if format.json {
            let repairs: Vec<Value> = self
                .told
                .into_iter()
                .map(|(number, what)| json!({"number": number, "what": what}))
                .collect();
            output::json(&json!({
                "numbers": self.looked_at,
                "repaired": self.mended,
                "repairs": repairs,
            }))?;
            return Ok(());
        }
        for (number, what) in &self.told {
            output::line(&format!("{number}: {what}"))?;
        }
        let more = self.mended - self.told.len();
        if more > 0 {
            output::line(&format!("and {more} more"))?;
        }
        let (numbers, repaired) = (self.looked_at, self.mended);
        output::line(&format!("{numbers} numbers: {repaired} repaired"))?;
        Ok(())
    }
}

//! Loaded tables: replaced as a whole, noticed by other nodes, bounded.

mod support;

use std::sync::Arc;

use engine::places::data_sets::{LoadError, MAX_SETS};
use engine::{Engine, Settings};
use places::overlay::{Field, Kind, MAX_ROWS, Record, Row};
use store::{Batch, DataSet, DataSetId, Operation};
use support::{World, system, world};

fn rows(company: &str, count: usize) -> Vec<Row> {
    let mut record = Record::default();
    record.set(Field::Company, company);
    let prefix = |n: usize| format!("1{}", 2_000_000 + n);
    (0..count).map(|n| (prefix(n), record.clone())).collect()
}

async fn load(engine: &Engine, name: &str, rows: Vec<Row>) -> Result<DataSet, LoadError> {
    let cx = system();
    let loading = engine.load_data_set(&cx, name, Kind::NpaNxx, "test.csv", rows);
    loading.await
}

async fn company(engine: &Engine) -> Option<String> {
    let number = "+12000000100".to_owned();
    let answer = engine
        .locality(None, std::slice::from_ref(&number), None)
        .await
        .unwrap();
    let company = &answer[&number]["carrier"]["company"];
    company.as_str().map(str::to_owned)
}

fn another_node(world: &World) -> Engine {
    Engine::new(Arc::clone(&world.store), Settings::default()).unwrap()
}

#[tokio::test]
async fn another_node_takes_over_what_was_loaded_replaced_and_removed() {
    let world = world().await;
    let other = another_node(&world);
    assert!(!other.refresh_data_sets().await.unwrap());
    // More than one part.
    load(&world.engine, "mine", rows("first", 5000))
        .await
        .unwrap();
    assert_eq!(company(&world.engine).await.as_deref(), Some("first"));
    assert_eq!(company(&other).await, None);
    assert!(other.refresh_data_sets().await.unwrap());
    assert_eq!(company(&other).await.as_deref(), Some("first"));
    assert!(!other.refresh_data_sets().await.unwrap());

    load(&world.engine, "mine", rows("second", 10))
        .await
        .unwrap();
    assert_eq!(world.engine.data_sets().await.unwrap().len(), 1);
    assert!(other.refresh_data_sets().await.unwrap());
    assert_eq!(company(&other).await.as_deref(), Some("second"));

    assert!(world.engine.remove_data_set("mine").await.unwrap());
    assert!(!world.engine.remove_data_set("mine").await.unwrap());
    assert!(other.refresh_data_sets().await.unwrap());
    assert_eq!(company(&other).await, None);
}

#[tokio::test]
async fn the_table_that_was_loaded_last_wins() {
    let world = world().await;
    let mut cx = system();
    for (name, later) in [("a", 5), ("b", 1), ("c", 3)] {
        cx.now = numbers::gregorian::GregorianSeconds::from_unix(1_700_000_000 + later);
        let loading = world
            .engine
            .load_data_set(&cx, name, Kind::NpaNxx, "x", rows(name, 1));
        loading.await.unwrap();
    }
    assert_eq!(company(&world.engine).await.as_deref(), Some("a"));
}

#[tokio::test]
async fn what_an_interruption_leaves_is_not_used_and_goes_with_the_next_load() {
    let world = world().await;
    let half = DataSet {
        id: DataSetId("f".repeat(32)),
        name: "mine".to_owned(),
        kind: "npa-nxx".to_owned(),
        source: "test.csv".to_owned(),
        loaded: system().now,
        rows: 1,
        parts: None,
    };
    let part = Operation::PutDataPart(half.id.clone(), 0, "1200000,,,,,,,half\n".to_owned());
    let batch = Batch::new()
        .then(Operation::PutDataSet(Box::new(half.clone())))
        .then(part);
    world.store.write(batch).await.unwrap().unwrap();
    assert!(!world.engine.refresh_data_sets().await.unwrap());
    assert_eq!(company(&world.engine).await, None);
    load(&world.engine, "mine", rows("whole", 1)).await.unwrap();
    assert_eq!(company(&world.engine).await.as_deref(), Some("whole"));
    assert_eq!(world.store.data_part(&half.id, 0).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_table_is_passed_over() {
    let world = world().await;
    let good = load(&world.engine, "good", rows("good", 1)).await.unwrap();
    let damaged = DataSet {
        id: DataSetId("f".repeat(32)),
        name: "damaged".to_owned(),
        parts: Some(3),
        ..good.clone()
    };
    let odd = DataSet {
        id: DataSetId("e".repeat(32)),
        name: "odd".to_owned(),
        kind: "horoscopes".to_owned(),
        ..good
    };
    for set in [damaged, odd] {
        let batch = Batch::new().then(Operation::PutDataSet(Box::new(set)));
        world.store.write(batch).await.unwrap().unwrap();
    }
    world.engine.refresh_data_sets().await.unwrap();
    assert_eq!(company(&world.engine).await.as_deref(), Some("good"));
}

#[tokio::test]
async fn there_are_only_so_many_rows_and_tables() {
    let world = world().await;
    load(&world.engine, "one", rows("one", 2)).await.unwrap();
    let too_many = load(&world.engine, "two", rows("two", MAX_ROWS - 1)).await;
    let text = too_many.unwrap_err().to_string();
    assert!(text.contains("1000001 rows, more than 1000000"), "{text}");
    for n in 1..MAX_SETS {
        load(&world.engine, &format!("set {n}"), rows("x", 1))
            .await
            .unwrap();
    }
    let error = load(&world.engine, "more", rows("x", 1)).await.unwrap_err();
    assert!(matches!(error, LoadError::TooManySets), "{error}");
    // One that is there may be replaced.
    load(&world.engine, "one", rows("one", 1)).await.unwrap();
    for name in ["", "a\nb", &"x".repeat(65)] {
        let error = load(&world.engine, name, rows("x", 1)).await.unwrap_err();
        assert!(matches!(error, LoadError::Name), "{error}");
    }
}

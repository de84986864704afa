//! Many callers at once: one owner for every number, no change lost.

mod common;

use std::sync::Arc;

use common::{Harness, Holder, account, holder};
use engine::Context;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const KEY: &str = "+14155550001";

/// Sends all requests at the same moment; statuses and bodies in their order.
async fn at_once(
    server: &Arc<Harness>,
    requests: Vec<(&'static str, String, String, Value)>,
) -> Vec<(u16, Value)> {
    let barrier = Arc::new(Barrier::new(requests.len()));
    let mut tasks = JoinSet::new();
    for (index, (method, path, token, data)) in requests.into_iter().enumerate() {
        let (server, barrier) = (Arc::clone(server), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            let body = Some(json!({ "data": data }));
            let answer = server.call(method, &path, Some(&token), body).await;
            (index, answer.status.as_u16(), answer.body)
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(index, ..)| *index);
    answers
        .into_iter()
        .map(|(_, status, body)| (status, body))
        .collect()
}

/// New accounts below the master, without the right to add numbers.
async fn accounts(server: &Harness, count: usize) -> Vec<Holder> {
    let cx = Context::system("test");
    let mut made = Vec::with_capacity(count);
    for index in 0..count {
        let parent = &server.master.account.id;
        let account = account(&server.engine, &cx, parent, &format!("buyer {index}")).await;
        made.push(holder(&server.engine, &cx, account).await);
    }
    made
}

/// Which of the accounts list the number as theirs.
async fn owners<'a>(server: &Harness, holders: &[&'a Holder]) -> Vec<&'a str> {
    let mut owners = Vec::new();
    for holder in holders {
        let rows = server.get(holder, &holder.numbers("")).await;
        if rows.data()["numbers"].get(KEY).is_some() {
            owners.push(holder.id());
        }
    }
    owners
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creates_a_number() {
    let server = Arc::new(Harness::new().await);
    // Neither is above the other.
    let cx = Context::system("test");
    let rival = account(&server.engine, &cx, &server.master.account.id, "rival").await;
    let rival = server
        .engine
        .set_allow_additions(&cx, &rival.id, true)
        .await
        .expect("there");
    let rival = holder(&server.engine, &cx, rival).await;
    let both = [&server.child, &rival];
    let requests = (0..32)
        .map(|index| {
            let holder = both[index % 2];
            let path = holder.numbers(&format!("/{KEY}"));
            ("PUT", path, holder.token.clone(), json!({"by": index}))
        })
        .collect();
    let answers = at_once(&server, requests).await;
    let won: Vec<&Value> = answers
        .iter()
        .filter(|(status, _)| *status == 201)
        .map(|(_, body)| &body["data"])
        .collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    let lost = answers.iter().filter(|(status, _)| *status == 409).count();
    assert_eq!(lost, 31, "{answers:?}");
    let stored = server
        .get(&server.master, &server.master.numbers(&format!("/{KEY}")))
        .await;
    assert_eq!(stored.data()["by"], won[0]["by"]);
    let owner = won[0]["assigned_to"].as_str().expect("an owner");
    assert_eq!(stored.data()["assigned_to"], owner);
    assert_eq!(owners(&server, &both).await, [owner]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_an_available_number() {
    let server = Arc::new(Harness::new().await);
    let buyers = accounts(&server, 16).await;
    for step in ["activate", "reserve"] {
        server.stock("inventory", &[KEY]).await;
        let requests = buyers
            .iter()
            .map(|buyer| {
                let path = buyer.numbers(&format!("/{KEY}/{step}"));
                ("PUT", path, buyer.token.clone(), json!({}))
            })
            .collect();
        let answers = at_once(&server, requests).await;
        let won: Vec<&str> = answers
            .iter()
            .filter(|(status, _)| *status == 201)
            .filter_map(|(_, body)| body["data"]["assigned_to"].as_str())
            .collect();
        assert_eq!(won.len(), 1, "{step}: {answers:?}");
        for (status, body) in &answers {
            assert!(matches!(status, 201 | 403 | 409), "{step}: {body}");
        }
        let all: Vec<&Holder> = buyers.iter().collect();
        assert_eq!(owners(&server, &all).await, won, "{step}");
        // Away with it, for the next step.
        let path = server.master.numbers(&format!("/{KEY}?hard=true"));
        let token = Some(server.master.token.as_str());
        assert_eq!(server.call("DELETE", &path, token, None).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_merge_is_lost() {
    let server = Arc::new(Harness::new().await);
    let child = server.child.clone();
    let path = child.numbers(&format!("/{KEY}"));
    server.write("PUT", &child, &path, json!({})).await;
    let requests = (0..32)
        .map(|index| {
            let data = json!({ format!("key{index}"): index });
            ("PATCH", path.clone(), child.token.clone(), data)
        })
        .collect();
    let answers = at_once(&server, requests).await;
    let stored = server.get(&child, &path).await;
    for (index, (status, body)) in answers.iter().enumerate() {
        assert_eq!(*status, 200, "{body}");
        assert_eq!(stored.data()[format!("key{index}")], json!(index));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn collections_that_overlap_divide_the_numbers() {
    let server = Arc::new(Harness::new().await);
    let numbers: Vec<String> = (0..50).map(|line| format!("+1415555{line:04}")).collect();
    let stock: Vec<&str> = numbers.iter().map(String::as_str).collect();
    server.stock("inventory", &stock).await;
    let buyers = accounts(&server, 8).await;
    let requests = buyers
        .iter()
        .map(|buyer| {
            let path = buyer.numbers("/collection/activate");
            let data = json!({ "numbers": numbers });
            ("PUT", path, buyer.token.clone(), data)
        })
        .collect();
    let answers = at_once(&server, requests).await;
    let mut sold = Vec::new();
    for (buyer, (status, body)) in buyers.iter().zip(&answers) {
        assert_eq!(*status, 201, "{body}");
        let done: Vec<String> = body["data"]["success"]
            .as_object()
            .map(|done| done.keys().cloned().collect())
            .unwrap_or_default();
        let rows = server.get(buyer, &buyer.numbers("?paginate=false")).await;
        let rows = rows.data()["numbers"].as_object().expect("a map").clone();
        assert_eq!(rows.len(), done.len(), "what was answered is what is owned");
        assert!(done.iter().all(|number| rows.contains_key(number)));
        sold.extend(done);
    }
    sold.sort_unstable();
    assert_eq!(sold, numbers, "each is sold, and once");
}

//! The server answers at all.

mod common;

use common::Harness;
use serde_json::json;

#[tokio::test]
async fn a_number_can_be_made_and_read() {
    let server = Harness::new().await;
    let path = server.reseller.numbers("/+14155550001");
    let made = server
        .write("PUT", &server.reseller, &path, json!({"my_field": "x"}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.data()["state"], "reserved");
    let read = server.get(&server.reseller, &path).await;
    assert_eq!(read.status, 200, "{}", read.text);
    assert_eq!(read.data(), made.data());
}

//! The operator's own locality service, asked first.

mod support;

use std::sync::Arc;

use carriers::phonebook::PhonebookSettings;
use engine::Settings;
use engine::places::CityQuery;
use outside::settings::Secret;
use serde_json::{Map, Value, json};
use simulators::{Simulator, Vendor, other};
use support::{World, world_with};
use tokio::net::TcpListener;

fn settings(url: &str, token: &str, timeout_ms: u64) -> Settings {
    let mut settings = Settings::default();
    settings.number_manager.locality = PhonebookSettings {
        url: Some(url.parse().unwrap()),
        bearer_token: Secret(token.to_owned()),
        timeout_ms,
        allow_private_addresses: true,
        ..PhonebookSettings::default()
    };
    settings
}

async fn ask(world: &World, numbers: &[&str]) -> Map<String, Value> {
    let texts: Vec<String> = numbers.iter().map(|text| (*text).to_owned()).collect();
    world.engine.locality(None, &texts, None).await.unwrap()
}

async fn phonebook() -> Simulator {
    Simulator::start(other::WIRE, Arc::new(Vendor::default()))
        .await
        .unwrap()
}

#[tokio::test]
async fn what_it_knows_goes_over_what_we_know() {
    let simulator = phonebook().await;
    let world = world_with(settings(&simulator.url(), other::TOKEN, 5000)).await;
    let places = ask(&world, &["4155550100", "+14155550109", "nonsense"]).await;
    let known = &places["4155550100"];
    assert_eq!(known["number"], "4155550100");
    assert_eq!(known["e164_number"], "+14155550100");
    assert_eq!(known["locality"]["locality"], "Sausalito");
    assert_eq!(known["locality"]["postal_code"], "94965");
    assert_eq!(known["carrier"]["company"], "Phonebook Wireless");
    assert_eq!(known["geocode"]["locality"], "San Francisco, CA");
    assert_eq!(known["source"][0], json!({"name": "locality service"}));
    assert_eq!(known["source"][1]["name"], "libphonenumber");
    let unknown = &places["+14155550109"];
    assert_eq!(unknown["locality"]["locality"], "San Francisco");
    assert_eq!(unknown["source"][0]["failed"], "it doesn't know the number");
    assert_eq!(places["nonsense"]["status"], "error");
}

#[tokio::test]
async fn its_cities_are_added_to_ours() {
    let simulator = phonebook().await;
    let world = world_with(settings(&simulator.url(), other::TOKEN, 5000)).await;
    let ask = async |city: &str, country: &str| {
        let query = CityQuery::new(city, None, country).unwrap().unwrap();
        let master = &world.made.account;
        world.engine.city_prefixes(master, &query).await.unwrap()
    };
    let found = ask("Nova", "US").await;
    let prefixes: Vec<_> = found["Nova Vila"].prefixes.iter().collect();
    assert_eq!(prefixes, ["998", "999"]);
    // It knows nothing of the others, and that hinders nobody.
    assert!(ask("Berlin", "DE").await["Berlin"].prefixes.contains("30"));
    drop(simulator);
    assert!(ask("Nova Vila", "US").await.is_empty());
    let found = ask("San Francisco", "US").await;
    assert!(found["San Francisco"].prefixes.contains("415"));
}

#[tokio::test]
async fn many_numbers_are_asked_in_parts() {
    let simulator = phonebook().await;
    let world = world_with(settings(&simulator.url(), other::TOKEN, 20_000)).await;
    let texts: Vec<String> = (0..2500).map(|n| format!("+1415555{n:04}")).collect();
    let places = world.engine.locality(None, &texts, None).await.unwrap();
    let of_the_service = |place: &&Value| place["locality"]["locality"] == "Sausalito";
    assert_eq!(places.values().filter(of_the_service).count(), 2250);
}

#[tokio::test]
async fn its_failure_falls_back_to_our_data_and_says_so() {
    let simulator = phonebook().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone_url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    for (url, token, why) in [
        (simulator.url(), "wrong", "it refused to answer"),
        (silent_url, "", "it gave no usable answer"),
        (gone_url, "", "it can't be reached"),
    ] {
        let world = world_with(settings(&url, token, 300)).await;
        let places = ask(&world, &["+14155550100"]).await;
        let place = &places["+14155550100"];
        assert_eq!(place["status"], "success", "{why}");
        assert_eq!(place["locality"]["locality"], "San Francisco", "{why}");
        let source = &place["source"][0];
        assert_eq!(source["name"], "locality service");
        let in_time = source["failed"] == "no answer in time" && why == "it gave no usable answer";
        assert!(in_time || source["failed"] == why, "{source}");
    }
}

#[test]
fn a_place_that_cant_be_asked_safely_is_refused() {
    let mut plain = settings("http://phonebook.example.com", "", 300);
    plain.number_manager.locality.allow_private_addresses = false;
    let folder = tempfile::tempdir().unwrap();
    let error = engine::Engine::new(support::open(&folder), plain)
        .err()
        .unwrap();
    let text = error.to_string();
    assert!(text.starts_with("number_manager.locality: 'url'"), "{text}");
}

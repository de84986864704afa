//! Where numbers are: locality, cities, classification of the whole world, and
//! why.

mod common;

use api::ApiSettings;
use common::{Answer, Harness};
use engine::{Context, Settings};
use places::overlay::{Kind, read_table};
use serde_json::{Value, json};
use store::{Batch, Operation};

const NPA_NXX: &str = "\
NPA-NXX,State,RateCenter,LATA,OCN,Company,Switch,Type,ZIP
415-233,CA,BELVEDERE,722,9740,Sample Telephone,BLVDCA11DS0,landline,94920
415-886-7,CA,SNFC CNTRL,722,6529,Sample Wireless,,Wireless,
";

const AREA_CODES: &str = "\
area_code,country,state,city,time_zone
999,US,CA,New Town,America/Los_Angeles
";

async fn load(server: &Harness, name: &str, kind: Kind, text: &str) {
    let rows = read_table(kind, text.as_bytes()).expect("a good table");
    let cx = Context::system("test");
    let loading = server
        .engine
        .load_data_set(&cx, name, kind, "test.csv", rows);
    loading.await.expect("loaded");
}

async fn localities(server: &Harness, query: &str, numbers: &[&str]) -> Answer {
    let path = server.child.numbers(&format!("/locality{query}"));
    let data = json!({ "numbers": numbers });
    let answer = server.write("POST", &server.child, &path, data).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

async fn get(server: &Harness, rest: &str) -> Answer {
    server.get(&server.child, &server.child.numbers(rest)).await
}

fn prefixes(answer: &Answer, city: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let list = answer.data()[city]["prefixes"].as_array();
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[tokio::test]
async fn places_come_from_the_embedded_data() {
    let server = Harness::new().await;
    let answer = localities(
        &server,
        "",
        &["4155550100", "+493022334455", "+447400123456"],
    )
    .await;
    let data = answer.data();
    let here = &data["4155550100"];
    assert_eq!(here["e164_number"], "+14155550100");
    assert_eq!(here["country"], "US");
    assert_eq!(here["geocode"], json!({"locality": "San Francisco, CA"}));
    assert_eq!(here["locality"]["locality"], "San Francisco");
    assert_eq!(here["locality"]["province"], "CA");
    assert_eq!(here["locality"]["postal_code"], Value::Null);
    assert_eq!(here["source"][0]["name"], "libphonenumber");
    assert_eq!(here["source"][0]["prefix"], "141555");
    assert!(here["source"][0]["date"].is_string());
    let berlin = &data["+493022334455"];
    assert_eq!(berlin["country"], "DE");
    assert_eq!(berlin["locality"]["locality"], "Berlin");
    assert_eq!(berlin["locality"]["type"], "LANDLINE");
    let mobile = &data["+447400123456"];
    assert_eq!(mobile["geocode"], json!({"locality": "United Kingdom"}));
    assert_eq!(mobile["locality"]["locality"], Value::Null);
    assert_eq!(mobile["carrier"]["type"], "WIRELESS");
    assert!(mobile["carrier"]["company"].is_string());
}

#[tokio::test]
async fn what_is_no_number_says_so_and_holds_up_no_other() {
    let server = Harness::new().await;
    let huge = "4".repeat(100_000);
    let odd = ["٤١٥٥٥٥٠١٠٠", "' OR 1=1 --", "(.*)+$", "", "911", &huge];
    let mut numbers = vec!["+14155550100"];
    numbers.extend(odd);
    let answer = localities(&server, "", &numbers).await;
    for text in odd {
        assert_eq!(
            answer.data()[text]["status"],
            "error",
            "{}",
            &text[..text.len().min(20)]
        );
        assert_eq!(answer.data()[text]["message"], "not a phone number");
    }
    assert_eq!(answer.data()["+14155550100"]["status"], "success");
}

#[tokio::test]
async fn ten_thousand_numbers_are_answered_and_no_more() {
    let server = Harness::new().await;
    let numbers: Vec<String> = (0..10_001).map(|n| format!("+1415{n:07}")).collect();
    let path = server.child.numbers("/locality");
    let ask = |numbers: &[String]| json!({ "numbers": numbers });
    let answer = server
        .write("POST", &server.child, &path, ask(&numbers[..10_000]))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.data().as_object().unwrap().len(), 10_000);
    let answer = server
        .write("POST", &server.child, &path, ask(&numbers))
        .await;
    assert!(answer.refusal().2["numbers"]["maxItems"].is_object());
}

#[tokio::test]
async fn national_forms_are_read_with_their_country() {
    let server = Harness::new().await;
    let answer = localities(&server, "?country=de", &["030 223 344 55"]).await;
    assert_eq!(
        answer.data()["030 223 344 55"]["e164_number"],
        "+493022334455"
    );
    let answer = get(&server, "/classifiers/020%207946%200000?country=GB").await;
    assert_eq!(answer.data()["e164"], "+442079460000");
    assert_eq!(answer.data()["name"], "international");
    let answer = get(&server, "/020%207946%200000/explain?country=GB").await;
    assert_eq!(answer.data()["normalization"]["country"], "GB");
    assert_eq!(answer.data()["metadata"]["geocode"], "London");
    for wrong in ["XX", "Germany", "%00", "1"] {
        let answer = get(&server, &format!("/1/explain?country={wrong}")).await;
        assert!(answer.refusal().2["country"]["enum"].is_object(), "{wrong}");
    }
}

#[tokio::test]
async fn loaded_tables_know_better_and_are_named() {
    let server = Harness::new().await;
    load(&server, "nanpa", Kind::NpaNxx, NPA_NXX).await;
    load(&server, "new codes", Kind::AreaCodes, AREA_CODES).await;
    let numbers = [
        "+14152338397",
        "+14158867900",
        "+19992345678",
        "+14158857900",
    ];
    let answer = localities(&server, "", &numbers).await;
    let data = answer.data();
    let full = &data["+14152338397"];
    let expected = json!({
        "locality": "BELVEDERE", "province": "CA", "postal_code": "94920",
        "extended_postal_code": null, "type": "LANDLINE", "switch": "BLVDCA11DS0",
        "rate_center": "BELVEDERE", "lata": "722",
    });
    assert_eq!(full["locality"], expected);
    let company = json!({"company": "Sample Telephone", "id": "9740", "type": "LANDLINE"});
    assert_eq!(full["carrier"], company);
    let source = &full["source"][0];
    assert_eq!(
        (&source["name"], &source["prefix"]),
        (&json!("nanpa"), &json!("1415233"))
    );
    assert_eq!(data["+14158867900"]["carrier"]["id"], "6529");
    assert_eq!(data["+14158857900"]["carrier"]["id"], Value::Null);
    let new = &data["+19992345678"];
    assert_eq!(new["locality"]["locality"], "New Town");
    assert_eq!(new["geocode"]["locality"], "New Town, CA");
    assert_eq!(new["country"], "US");
    let cities = get(&server, "/prefix?city=new%20town").await;
    assert_eq!(
        prefixes(&cities, "New Town, CA"),
        ["999"],
        "{}",
        cities.text
    );

    assert!(server.engine.remove_data_set("nanpa").await.unwrap());
    let answer = localities(&server, "", &["+14152338397"]).await;
    assert_eq!(
        answer.data()["+14152338397"]["carrier"]["company"],
        Value::Null
    );
}

#[tokio::test]
async fn cities_are_found_by_what_people_type() {
    let server = Harness::new().await;
    server.stock("local", &["+16282000001"]).await;
    for (typed, city, expected) in [
        ("San+Francisco", "San Francisco", "415"),
        ("san+fran", "San Francisco", "415"),
        ("SAN%20FRANCISCO,%20CA", "San Francisco", "415"),
        ("Montr%C3%A9al&country=ca", "Montreal", "514"),
        ("berlin&country=DE", "Berlin", "30"),
        ("springfield&state=IL", "Springfield", "217"),
        ("springfield", "Springfield, IL", "217"),
        ("springfield", "Springfield, MA", "413"),
        // The stock at hand knows an area code that the data doesn't.
        ("san+rafael", "San Rafael", "628"),
        ("san+rafael", "San Rafael", "415"),
    ] {
        let answer = get(&server, &format!("/prefix?city={typed}")).await;
        let found = prefixes(&answer, city);
        assert!(
            found.iter().any(|p| p == expected),
            "{typed}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn no_city_is_a_clear_error() {
    let server = Harness::new().await;
    let not_found = json!({
        "data": {}, "error": 404, "message": "Not Found", "status": "error",
    });
    for typed in [
        "nowhere+at+all",
        "%25",
        "'%20OR%201=1",
        "(.*)",
        "xqz&country=DE",
        "%D9%A4",
    ] {
        let answer = get(&server, &format!("/prefix?city={typed}")).await;
        assert_eq!(
            answer.refusal(),
            (500, "init failed", &not_found),
            "{typed}"
        );
    }
    let long = "a".repeat(10_000);
    let answer = get(&server, &format!("/prefix?city={long}")).await;
    assert_eq!(answer.refusal().2["city"]["maxLength"]["target"], 100);
    let answer = get(&server, "/prefix?city=berlin&country=DEU").await;
    assert!(answer.refusal().2["country"]["maxLength"].is_object());
}

#[tokio::test]
async fn searches_by_city_and_state() {
    let server = Harness::new().await;
    let stock = [
        "+14155550001",
        "+14155550002",
        "+12125550001",
        "+493022334455",
    ];
    for number in stock {
        let row = engine::import::ImportRow {
            e164: number.to_owned(),
            ..engine::import::ImportRow::default()
        };
        let cx = Context::system("test");
        let made = server.engine.import_batch(&cx, vec![row]).await.unwrap();
        assert!(made.iter().all(Result::is_ok));
    }
    let found = |answer: Answer| -> Vec<String> {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let rows = answer.data().as_array().unwrap().iter();
        rows.map(|row| row["number"].as_str().unwrap().to_owned())
            .collect()
    };
    for (query, expected) in [
        ("city=san+francisco&quantity=9", &stock[..2]),
        ("city=San+Francisco&quantity=1&offset=1", &stock[1..2]),
        ("city=new+york&state=NY&quantity=9", &stock[2..3]),
        ("city=berlin&country=DE&quantity=9", &stock[3..]),
        ("prefix=415&state=CA&quantity=9", &stock[..2]),
        ("prefix=415&state=NY&quantity=9", &[]),
        ("prefix=415&city=oakland&quantity=9", &[]),
        ("city=%25&quantity=9", &[]),
    ] {
        let answer = get(&server, &format!("?{query}")).await;
        assert_eq!(found(answer), expected, "{query}");
    }
    let anywhere = "/v2/phone_numbers?state=california&quantity=9";
    let answer = server.get(&server.child, anywhere).await;
    assert_eq!(found(answer), stock[..2]);
    // A number whose record alone says where it is.
    server.stock("local", &["+16282000001"]).await;
    let answer = get(&server, "?city=san+rafael&quantity=9").await;
    assert_eq!(found(answer), ["+16282000001"]);
    let row = get(&server, "?city=san+francisco").await.data()[0].clone();
    assert_eq!(
        row["rate_center"],
        json!({"name": "San Francisco", "state": "CA"})
    );
    assert_eq!(row["formatted_number"], "1-415-555-0001");
    let row = get(&server, "?city=berlin&country=DE").await.data()[0].clone();
    assert_eq!(row["formatted_number"], "+49 30 22334455");
    assert_eq!(row.get("rate_center"), None);
}

#[tokio::test]
async fn the_place_is_kept_and_filters_listings() {
    let server = Harness::new().await;
    for number in ["+14155550001", "+12125550001"] {
        let path = server.child.numbers(&format!("/{number}"));
        let answer = server.write("PUT", &server.child, &path, json!({})).await;
        assert_eq!(answer.status, 201);
    }
    let key = "+14155550001".parse().unwrap();
    let stored = server.store.number(&key).await.unwrap().unwrap();
    let place = json!({"locality": "San Francisco", "province": "CA"});
    assert_eq!(Value::Object(stored.locality), place);
    let answer = get(&server, "?filter_locality=San+Francisco").await;
    let numbers = answer.data()["numbers"].as_object().unwrap();
    assert_eq!(numbers.keys().collect::<Vec<_>>(), ["+14155550001"]);
    assert_eq!(numbers["+14155550001"]["locality"], place);
    let answer = get(&server, "?filter_locality.province=NY").await;
    let numbers = answer.data()["numbers"].as_object().unwrap();
    assert_eq!(numbers.keys().collect::<Vec<_>>(), ["+12125550001"]);
    // What a client says itself counts more.
    let path = server.child.numbers("/+12125550001");
    let data = json!({"locality": {"locality": "Elsewhere"}});
    server.write("POST", &server.child, &path, data).await;
    let answer = get(&server, "?filter_locality=Elsewhere").await;
    assert_eq!(answer.data()["numbers"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn accounts_have_classifiers_of_their_own() {
    let server = Harness::new().await;
    let mut account = server.child.account.clone();
    let table = json!({
        "office": {"regex": r"^\+1415(\d{7})$", "friendly_name": "Office", "pretty_print": "*"},
        "rest": {"regex": "^(.*)$", "friendly_name": "Rest"},
    });
    account
        .number_manager
        .insert("classifiers".to_owned(), table.clone());
    account.revision = account.revision.next();
    let put = Operation::PutAccount(Box::new(account.clone()));
    server
        .store
        .write(Batch::new().then(put))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(get(&server, "/classifiers").await.data(), &table);
    let answer = get(&server, "/classifiers/4158867900").await;
    assert_eq!(answer.data()["name"], "office");
    let answer = get(&server, "/8005551212/explain").await;
    assert_eq!(answer.data()["classifier"]["name"], "rest");
    assert_eq!(answer.data()["classifier"]["table"], "account");
    // Others keep the system's.
    let path = server.reseller.numbers("/classifiers/4158867900");
    assert_eq!(
        server.get(&server.reseller, &path).await.data()["name"],
        "did_us"
    );

    account.number_manager["classifiers"] = json!({"bad": {"regex": "(", "friendly_name": "x"}});
    account.revision = account.revision.next();
    let put = Operation::PutAccount(Box::new(account));
    server
        .store
        .write(Batch::new().then(put))
        .await
        .unwrap()
        .unwrap();
    let answer = get(&server, "/classifiers/4158867900").await;
    assert_eq!(answer.data()["name"], "did_us");
}

#[tokio::test]
async fn toll_free_area_codes_of_the_present_are_an_option() {
    let mut settings = Settings::default();
    settings.number_manager.present_toll_free_npas = true;
    let server = Harness::with(settings, ApiSettings::default()).await;
    let answer = get(&server, "/classifiers").await;
    let regex = answer.data()["tollfree_us"]["regex"].as_str().unwrap();
    assert!(regex.contains("833|844"), "{regex}");
    let answer = get(&server, "/classifiers/8335551212").await;
    assert_eq!(answer.data()["name"], "tollfree_us");
}

#[tokio::test]
async fn todays_dialect_adds_what_libphonenumber_knows() {
    let server = Harness::new().await;
    let path = server.child.numbers("/classifiers/+4915112345678");
    let token = Some(server.child.token.as_str());
    let answer = server.call_in("4.3", "GET", &path, token, None).await;
    let metadata = &answer.data()["metadata"];
    assert_eq!(metadata["country"], "DE");
    assert_eq!(metadata["country_name"], "Germany");
    assert_eq!(metadata["type"], "mobile");
    assert_eq!(metadata["valid"], true);
    assert_eq!(metadata["time_zones"], json!(["Europe/Berlin"]));
    assert_eq!(metadata["national"], "01511 2345678");
    assert_eq!(metadata["international"], "+49 1511 2345678");
    let answer = server.call_in("2016", "GET", &path, token, None).await;
    assert_eq!(answer.data().get("metadata"), None);
    let path = server.child.numbers("/classifiers/911");
    let answer = server.call_in("4.3", "GET", &path, token, None).await;
    assert_eq!(answer.data().get("metadata"), None);
}

#[tokio::test]
async fn an_explanation_names_rule_classifier_and_data() {
    let server = Harness::new().await;
    load(&server, "nanpa", Kind::NpaNxx, NPA_NXX).await;
    let answer = get(&server, "/4152338397/explain").await;
    let data = answer.data();
    let rewrite = &data["normalization"]["rewrites"][0];
    assert_eq!(
        (&rewrite["by"], &rewrite["prefix"]),
        (&json!("converter"), &json!("+1"))
    );
    assert_eq!(rewrite["result"], "+14152338397");
    assert_eq!(data["normalization"]["reconcilable"], true);
    assert_eq!(data["classifier"]["name"], "did_us");
    assert_eq!(data["classifier"]["table"], "2016");
    assert_eq!(data["classifier"]["capture"], "4152338397");
    assert_eq!(data["place"][0]["name"], "nanpa");
    assert_eq!(data["place"][0]["says"]["rate_center"], "BELVEDERE");
    assert_eq!(data["place"][1]["name"], "libphonenumber");
    assert_eq!(data["place"][1]["says"]["place"], "California");
    assert_eq!(data["data"]["loaded_tables"], 1);
    let answer = get(&server, "/hello/explain").await;
    assert_eq!(answer.data()["normalization"]["reconcilable"], false);
    assert_eq!(answer.data()["place"], json!([]));
    let path = "/v2/phone_numbers/4152338397/explain";
    assert_eq!(server.get(&server.child, path).await.status, 200);
    assert_eq!(server.call("GET", path, None, None).await.status, 401);
}

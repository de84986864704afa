//! What `[providers.NAME]` may hold, and what it gives.

use std::collections::BTreeMap;

use numbers::e164::E164;
use providers::{CallerNames, Providers, Wish};
use serde_json::{Map, Value, json};

fn configured(name: &str, settings: &Value) -> Result<Providers, String> {
    let settings: Map<String, Value> = settings.as_object().cloned().unwrap_or_default();
    let blocks = BTreeMap::from([(name.to_owned(), settings)]);
    Providers::with_settings(blocks).map_err(|error| error.to_string())
}

#[test]
fn unknown_providers_and_settings_are_named() {
    let problem = configured("acme_e911", &json!({})).err().expect("unknown");
    assert!(problem.starts_with("[providers.acme_e911]: "), "{problem}");
    assert!(problem.contains("dash_e911"), "{problem}");
    let settings = json!({"colour": "red"});
    let problem = configured("cnam_notifier", &settings).err().expect("a key");
    assert!(problem.contains("colour"), "{problem}");
}

#[tokio::test]
async fn caller_names_are_done_by_hand_unless_somebody_else_is_configured() {
    let providers = Providers::default();
    let notifier = providers
        .caller_names("knm_cnam_notifier")
        .expect("always there");
    assert_eq!(notifier.name().as_str(), "cnam_notifier");
    let number: E164 = "+14155550101".parse().expect("a number");
    let wish = CallerNames {
        outbound: Some("Example Bakery".to_owned()),
        inbound: true,
    };
    assert_eq!(notifier.set(&number, &wish).await, Ok(Wish::ByHand));
    assert!(providers.emergency("dash_e911").is_none(), "not configured");
}

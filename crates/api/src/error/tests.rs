use serde_json::Map;

use super::*;

fn shape(error: impl Into<ApiError>, dialect: Dialect) -> (u16, &'static str, Value) {
    let shape = error.into().shape(dialect);
    (shape.status.as_u16(), shape.message, shape.data)
}

#[test]
fn a_busy_store_says_when_to_come_back() {
    for error in [
        StoreError::Busy,
        StoreError::Unavailable("disk full".to_owned()),
    ] {
        let shape = ApiError::from(error).shape(Dialect::V43);
        assert_eq!(shape.status, 503);
        assert_eq!(shape.message, "datastore_unreachable");
        assert_eq!(shape.data, json!({"message": "datastore timeout"}));
        assert_eq!(shape.retry_after, Some(1));
    }
    let fault = ApiError::from(StoreError::Fault("secret detail".to_owned()));
    let data = json!({"message": "datastore fatal error"});
    assert_eq!(shape(fault, Dialect::V43), (503, "datastore_fault", data));
}

#[test]
fn numbers_that_are_not_there_have_their_own_words() {
    let number = "+14155550001".parse().expect("E.164");
    let data = json!({
        "message": "bad identifier", "not_found": "The number could not be found",
    });
    let error = NumberError::NotFound(number);
    assert_eq!(shape(error, Dialect::V43), (404, "bad_identifier", data));
    let data = json!({
        "code": 404, "error": "not_reconcilable", "cause": "abc",
        "message": "number abc is not reconcilable",
    });
    let error = NumberError::NotReconcilable("abc".to_owned());
    assert_eq!(shape(error, Dialect::V43), (404, "not_reconcilable", data));
}

#[test]
fn addresses_are_refused_in_both_dialects() {
    let address: Map<String, Value> = [("region".to_owned(), "CA".into())].into_iter().collect();
    let error = NumberError::AddressInvalid {
        address,
        message: "Location is not geocoded".to_owned(),
        provider: "dash_e911".to_owned(),
    };
    let data = json!({"address": {"invalid": {
        "cause": {"region": "CA"},
        "message": "Location is not geocoded",
        "provider": "dash_e911",
    }}});
    for (dialect, message) in [
        (Dialect::D2016, "invalid data"),
        (Dialect::V43, "validation error"),
    ] {
        assert_eq!(shape(error.clone(), dialect), (400, message, data.clone()));
    }
}

#[test]
fn a_choice_of_addresses_has_the_name_of_the_dialect() {
    let object = |street: &str| -> Map<String, Value> {
        [("street_address".to_owned(), street.into())]
            .into_iter()
            .collect()
    };
    let error = NumberError::AddressAmbiguous {
        address: object("12 Sample"),
        candidates: vec![object("12 SAMPLE ST"), object("12 SAMPLE AVE")],
    };
    for (dialect, key) in [(Dialect::D2016, "dash_e911"), (Dialect::V43, "e911")] {
        let data = json!({"multiple_choice": {key: {
            "cause": {"street_address": "12 Sample"},
            "details": [{"street_address": "12 SAMPLE ST"}, {"street_address": "12 SAMPLE AVE"}],
            "message": "more than one address found",
        }}});
        assert_eq!(
            shape(error.clone(), dialect),
            (400, "multiple_choice", data)
        );
    }
}

#[test]
fn several_rules_of_a_field_stand_together() {
    let fields = vec![
        FieldError::new("a.b", "required", "x"),
        FieldError::new("a.b", "type", "y"),
        FieldError::new("", "type", "z"),
    ];
    let data = json!({
        "a.b": {"required": {"message": "x"}, "type": {"message": "y"}},
        "": {"type": {"message": "z"}},
    });
    let error = ApiError::validation(fields);
    assert_eq!(shape(error, Dialect::V43), (400, "validation error", data));
}

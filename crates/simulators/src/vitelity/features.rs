//! What the vendor does for numbers besides selling them: emergency addresses
//! and caller names.

use std::collections::HashMap;

use axum::response::Response;

use super::{content, fail};
use crate::emergency::Kept;
use crate::faults::Fault;
use crate::gazetteer::{Asked, Place, find};
use crate::vendor::Vendor;
use crate::xml;

type Form = HashMap<String, String>;

/// Whether a command is one of these.
pub fn knows(command: &str) -> bool {
    command.starts_with("e911") || matches!(command, "lidb" | "cnamenable" | "cnamdisable")
}

/// Does what the form says.
pub fn answer(vendor: &Vendor, number: &str, form: &Form) -> Response {
    let field = |name| form.get(name).map(String::as_str).unwrap_or_default();
    match vendor.faults.take_inside() {
        Some(Fault::Refuse) => return fail("unavailable"),
        Some(Fault::UnknownCode) => return content("<status>perhaps</status>"),
        _ => {}
    }
    let is_of_number = field("cmd") != "e911checkaddress";
    if is_of_number && vendor.owner_order(number).is_none() {
        return fail("unowned");
    }
    match field("cmd") {
        "e911checkaddress" => match found(form) {
            Some(place) => content(&format!(
                "<status>ok</status>{}",
                info(&place, field("name"))
            )),
            None => fail("invalidaddress"),
        },
        "e911send" => send(vendor, number, form),
        "e911getinfo" => {
            vendor.emergency.ask(number);
            match vendor.emergency.in_force(number) {
                Some(kept) => {
                    let info = info(&kept.place, &kept.caller_name);
                    content(&format!("<status>ok</status>{info}"))
                }
                None => fail("none"),
            }
        }
        "e911delete" => {
            vendor.emergency.unbind(number);
            let all = vendor.emergency.all(Some(number));
            for kept in &all {
                vendor.emergency.forget(&kept.id);
            }
            if all.is_empty() {
                fail("none")
            } else {
                content("<status>ok</status>")
            }
        }
        command => name(vendor, number, command, field("name")),
    }
}

fn found(form: &Form) -> Option<Place> {
    let field = |name| form.get(name).map(String::as_str).unwrap_or_default();
    let asked = Asked {
        street: field("address").to_owned(),
        second: format!("{} {}", field("unittype"), field("unitnumber")),
        city: field("city").to_owned(),
        state: field("state").to_owned(),
        zip: field("zip").to_owned(),
    };
    let mut found = find(&asked);
    // It has no list to choose from.
    (found.len() == 1).then(|| found.remove(0))
}

fn info(place: &Place, name: &str) -> String {
    let address = &place.address;
    let (kind, unit) = address.second.split_once(' ').unwrap_or_default();
    let fields = [
        ("name", name),
        ("address", &address.street),
        ("unittype", kind),
        ("unitnumber", unit),
        ("city", &address.city),
        ("state", &address.state),
        ("zip", &address.zip),
    ];
    let fields = fields
        .iter()
        .map(|(name, text)| format!("<{name}>{}</{name}>", xml::escape(*text)));
    format!("<info>{}</info>", fields.collect::<String>())
}

/// What a number has is replaced.
fn send(vendor: &Vendor, number: &str, form: &Form) -> Response {
    let Some(place) = found(form) else {
        return fail("invalidaddress");
    };
    let kept = vendor.emergency.keep(Kept {
        id: String::new(),
        owner: number.to_owned(),
        caller_name: form.get("name").cloned().unwrap_or_default(),
        place,
        reference: String::new(),
    });
    vendor.emergency.bind(number, &kept.id);
    for old in vendor.emergency.all(Some(number)) {
        if !vendor.emergency.is_used(&old.id) {
            vendor.emergency.forget(&old.id);
        }
    }
    content("<status>ok</status><response>ok</response>")
}

fn name(vendor: &Vendor, number: &str, command: &str, name: &str) -> Response {
    let (shown, lookup) = vendor.caller_names(number);
    let names = match command {
        "lidb" if name.is_empty() => return fail("missingdata"),
        "lidb" => (Some(name.to_owned()), lookup),
        "cnamenable" => (shown, true),
        "cnamdisable" => (shown, false),
        _ => return fail("invalid"),
    };
    vendor.set_caller_names(number, names);
    content("<status>ok</status><response>ok</response>")
}

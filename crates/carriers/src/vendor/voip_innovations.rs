//! `voip_innovations`: VoIP Innovations' SOAP 1.1 API (spec/integrations.md
//! 2.5), numbers of country code 1.
//!
//! | for | action |
//! | --- | --- |
//! | search | `getDIDs` |
//! | order | `assignDID`, our id as each number's `refId` |
//! | status, one of ours | `queryDID` |
//! | release | `releaseDID` |
//! | owned | `auditDIDs` |
//!
//! Two switches are about a sandbox, and are not the same:
//!
//! - `sandbox = true` is numberd's, and means what it means for every carrier:
//!   nothing that orders or releases leaves.
//! - `sandbox_provisioning = true`, with provisioning on, is Kazoo's for this
//!   carrier: everything goes to the vendor's own sandbox, orders included. It
//!   takes plain HTTP only, so that `allow_plain_http` must say that this is
//!   wanted. A `base_url` goes before it.

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::nanp::{self, Search};
use crate::{
    Carrier, CarrierError, Failure, Offer, Offers, Orders, Owned, OwnedPage, Placed, Purchase,
    Query, Release, Sent, Standing, Verdict,
};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Common, Secret, Spending, read};
use outside::xml::{Element, Writer, escaped};
use outside::{BadSettings, Service};

const API: &str = "https://backoffice.voipinnovations.com/Services/APIService.asmx";
const SANDBOX: &str = "http://dev.voipinnovations.com/VOIP/Services/APIService.asmx";
const ENVELOPE: &str = "env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" \
     xmlns:tns=\"http://tempuri.org/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Done, of a request and of each of its numbers.
const SUCCESS: &str = "100";

/// Kazoo's key that means nothing here: the log has the wire at its level
/// `debug`.
const MEANINGLESS: &str = "debug";

/// Kazoo's keys of `number_manager.voip_innovations`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    login: String,
    password: Secret,
    endpoint_group: String,
}

/// One account at VoIP Innovations.
pub struct VoipInnovations {
    name: CarrierName,
    client: Client,
    login: String,
    password: Secret,
    endpoint_group: String,
}

impl VoipInnovations {
    /// The account that the settings name.
    pub fn new(mut settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("voip_innovations");
        let service = Service::carrier(name.as_str());
        settings.remove(MEANINGLESS);
        let (common, own): (_, Settings) = read(&service, settings)?;
        for (value, key) in [
            (&own.login, "login"),
            (&own.password.0, "password"),
            (&own.endpoint_group, "endpoint_group"),
        ] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        // In the log it stands as it does in the document.
        let escaped = escaped(&own.password.0);
        let secrets = [own.password.0.as_str(), &escaped];
        let host = host(&service, &common)?;
        let client = Client::new(&service, &common, host, common.spending(false), &secrets)?
            .with_reads(&["auditDIDs", "getDIDs", "queryDID"]);
        Ok(Self {
            name,
            client,
            login: own.login,
            password: own.password,
            endpoint_group: own.endpoint_group,
        })
    }

    async fn look(
        &self,
        operation: &'static str,
        action: &str,
        parameters: impl FnOnce(Writer) -> Writer,
    ) -> Result<Reply, CarrierError> {
        let call = self
            .client
            .look(operation, Method::POST, self.client.url([]));
        self.send(call, action, parameters).await
    }

    async fn spend(
        &self,
        operation: &'static str,
        action: &str,
        parameters: impl FnOnce(Writer) -> Writer,
    ) -> Result<Reply, CarrierError> {
        let call = self
            .client
            .spend(operation, Method::POST, self.client.url([]));
        self.send(call, action, parameters).await
    }

    async fn send(
        &self,
        call: Call<'_>,
        action: &str,
        parameters: impl FnOnce(Writer) -> Writer,
    ) -> Result<Reply, CarrierError> {
        let element = format!("tns:{action}");
        let envelope = parameters(Writer::new().open(ENVELOPE).open("env:Body").open(&element))
            .text("tns:login", &self.login)
            .text("tns:secret", &self.password.0)
            .close(&element)
            .close("env:Body")
            .close("env:Envelope");
        let answer = call
            .header("soapaction", &format!("http://tempuri.org/{action}"))
            .body("text/xml;charset=UTF-8", envelope.finish().into_bytes())
            .send()
            .await?;
        Reply::read(answer, action)
    }

    /// The ten digits by which the vendor knows a number.
    fn digits<'n>(&self, number: &'n E164) -> Result<&'n str, CarrierError> {
        nanp::ten_digits(number).ok_or_else(|| {
            let reason = format!("{number} is no number of country code 1, and it has no others");
            self.client.error(Failure::NotSent, reason)
        })
    }
}

/// Where it is called without a `base_url`.
fn host(service: &Service, common: &Common) -> Result<&'static str, BadSettings> {
    let sandbox = common.enable_provisioning && common.sandbox_provisioning == Some(true);
    if sandbox && common.base_url.is_none() && !common.allow_plain_http {
        return Err(BadSettings::new(
            service,
            "with 'sandbox_provisioning' the vendor's own sandbox is called, which takes plain \
             HTTP only: set allow_plain_http, or give another base_url; or set sandbox instead, \
             with which no order or release leaves",
        ));
    }
    Ok(if sandbox { SANDBOX } else { API })
}

impl Carrier for VoipInnovations {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        Some(3)
    }

    fn offers(&self) -> Option<&dyn Offers> {
        Some(self)
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }

    fn spending(&self) -> Spending {
        self.client.spending()
    }
}

#[async_trait]
impl Offers for VoipInnovations {
    fn serves(&self, query: &Query) -> bool {
        nanp::serves(query)
    }

    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let Some(search) = nanp::searched(query) else {
            return Ok(Vec::new());
        };
        let wanted = &query.filters;
        let (area, exchange, toll_free) = match search {
            Search::Digits(national) => {
                let exchange = national.get(..6);
                let area = exchange.is_none().then(|| &national[..3]);
                (area, exchange, nanp::is_toll_free(national))
            }
            Search::TollFree(_) => (None, None, true),
            Search::Place => (None, None, false),
        };
        let state = toll_free.then_some("TF").or(wanted.state.as_deref());
        let reply = self.look("search", "getDIDs", |writer| {
            let criteria = [
                ("tns:cnam", None),
                ("tns:lata", wanted.lata.as_deref()),
                ("tns:npa", area),
                ("tns:nxx", exchange),
                ("tns:rateCenter", wanted.rate_center.as_deref()),
                ("tns:state", state),
                ("tns:t38", None),
                ("tns:tier", None),
            ];
            criteria
                .into_iter()
                .fold(writer, |writer, (name, value)| match value {
                    Some(value) => writer.text(name, value),
                    None => writer.open(&format!("{name} xsi:nil=\"true\"")).close(name),
                })
        });
        let reply = match reply.await {
            Err(error) if error.reason.to_lowercase().contains("no records found") => {
                return Ok(Vec::new());
            }
            reply => reply?,
        };
        let found = reply.result.all("DIDLocator").into_iter();
        let offers = found.filter_map(|locator| {
            let number = nanp::number(locator.text_of("tn")?)?;
            Some(Offer::new(number, &self.name, located(locator)))
        });
        Ok(query.pick(offers, &[]))
    }
}

#[async_trait]
impl Orders for VoipInnovations {
    fn most_per_order(&self) -> usize {
        100
    }

    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let mut digits = Vec::new();
        for offer in purchase.offers {
            digits.push(self.digits(offer.number())?);
        }
        let reply = self.spend("order", "assignDID", |writer| {
            let each = |writer: Writer, digits: &&str| {
                writer
                    .open("tns:DIDParam")
                    .text("tns:tn", digits)
                    .text("tns:refId", &purchase.id.0)
                    .text("tns:epg", &self.endpoint_group)
                    .close("tns:DIDParam")
            };
            let writer = writer.open("tns:didParams");
            digits.iter().fold(writer, each).close("tns:didParams")
        });
        let reply = reply.await?;
        let verdict = |offer: &Offer| {
            let Some(did) = reply.did(offer.number()) else {
                return Verdict::Open;
            };
            match did.text_of("statusCode") {
                Some(SUCCESS) => {
                    let mut data = offer.data().clone();
                    data.extend(told(did));
                    data.insert("ref_id".to_owned(), json!(purchase.id));
                    Verdict::Ours(data)
                }
                Some(code) => Verdict::Refused(format!("{} ({code})", status_of(did))),
                None => Verdict::Open,
            }
        };
        let offers = purchase.offers.iter();
        Ok(Standing {
            vendor: Map::new(),
            numbers: offers
                .map(|offer| (offer.number().clone(), verdict(offer)))
                .collect(),
        })
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let mut standing = Standing::default();
        for number in placed.numbers {
            let verdict = match self.holds(number).await? {
                Some(held) => Verdict::Ours(held.data),
                None => Verdict::Unheard,
            };
            standing.numbers.push((number.clone(), verdict));
        }
        Ok(standing)
    }

    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        let digits = self.digits(number)?;
        let reply = self.spend("release", "releaseDID", |writer| {
            writer
                .open("tns:didParams")
                .open("tns:DIDParam")
                .text("tns:tn", digits)
                .close("tns:DIDParam")
                .close("tns:didParams")
        });
        let refusal = match reply.await {
            Err(error) if error.failure == Failure::Refused => error,
            Err(error) => return Err(error),
            Ok(reply) => {
                let Some(did) = reply.did(number) else {
                    return Err(reply
                        .answer
                        .garbled(format_args!("it doesn't name {number}")));
                };
                match did.text_of("statusCode") {
                    Some(SUCCESS) => return Ok(Release::Done),
                    Some(code) => {
                        let error = self.client.error(Failure::Refused, status_of(did));
                        error.with_code(code)
                    }
                    None => return Err(reply.answer.garbled("it has no statusCode")),
                }
            }
        };
        // Refused because it isn't ours any more, or for another reason?
        match self.holds(number).await {
            Ok(None) => Ok(Release::Done),
            Ok(Some(_)) | Err(_) => Err(refusal),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let digits = self.digits(number)?;
        let ask = self.look("owned", "queryDID", |writer| writer.text("tns:did", digits));
        let reply = ask.await?;
        let Some(did) = reply.did(number) else {
            // For a number that it has never heard of it makes a record up.
            let nothing = reply.result.all("status").into_iter();
            let nothing = nothing.filter(|status| is_nothing(&status.text)).count();
            return match nothing {
                0 => Err(reply
                    .answer
                    .garbled(format_args!("it doesn't name {number}"))),
                _ => Ok(None),
            };
        };
        match did.text_of("availability") {
            Some(availability) if availability.eq_ignore_ascii_case("assigned") => {
                Ok(Some(owned(number.clone(), did)))
            }
            Some(_) => Ok(None),
            None if is_nothing(status_of(did)) => Ok(None),
            None => Err(reply.answer.garbled("it has no availability")),
        }
    }

    /// Everything at once: the vendor has no pages.
    async fn owned(&self, _from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let reply = self.look("owned", "auditDIDs", |writer| writer).await?;
        let dids = reply.result.all("DID").into_iter();
        Ok(OwnedPage {
            numbers: dids
                .filter_map(|did| Some(owned(nanp::number(did.text_of("tn")?)?, did)))
                .collect(),
            next: None,
        })
    }
}

/// An answer with its `…Result`.
struct Reply {
    answer: Answer,
    result: Element,
}

impl Reply {
    /// What an action brought, if it was done.
    fn read(answer: Answer, action: &str) -> Result<Self, CarrierError> {
        let answer = answer.success()?;
        let envelope = answer.xml()?;
        let result = envelope.find(&format!("{action}Result")).cloned();
        let result =
            result.ok_or_else(|| answer.garbled(format_args!("it holds no {action}Result")))?;
        match result.text_of("responseCode") {
            Some(SUCCESS) => Ok(Self { answer, result }),
            Some(code) => {
                let reason = result.text_of("responseMessage");
                Err(CarrierError {
                    failure: Failure::Refused,
                    code: Some(code.to_owned()),
                    reason: reason.unwrap_or("the vendor gives no reason").to_owned(),
                    ..answer.garbled("")
                })
            }
            None => Err(answer.garbled("it has no responseCode")),
        }
    }

    /// What it says of a number.
    fn did(&self, number: &E164) -> Option<&Element> {
        let mut dids = self.result.all("DID").into_iter();
        dids.find(|did| did.text_of("tn").and_then(nanp::number).as_ref() == Some(number))
    }
}

fn status_of(did: &Element) -> &str {
    did.text_of("status")
        .unwrap_or("the vendor gives no reason")
}

fn is_nothing(status: &str) -> bool {
    status.to_lowercase().contains("no records found")
}

fn owned(number: E164, did: &Element) -> Owned {
    Owned {
        number,
        data: told(did),
        reference: did.text_of("refId").map(ToOwned::to_owned),
        cost: None,
    }
}

/// What is told of a number on sale, under Kazoo's names.
fn located(locator: &Element) -> Map<String, Value> {
    let mut data = kept(
        locator,
        &[
            ("rate_center", "rateCenter"),
            ("state", "state"),
            ("tier", "tier"),
            ("lata", "lataId"),
        ],
    );
    for (key, name) in [("cnam", "outboundCNAM"), ("t38", "t38")] {
        if let Some(value) = locator.text_of(name) {
            data.insert(key.to_owned(), json!(value.eq_ignore_ascii_case("true")));
        }
    }
    data
}

/// What is told of a number that is ours.
fn told(did: &Element) -> Map<String, Value> {
    let names = [
        ("ref_id", "refId"),
        ("tier", "tier"),
        ("endpoint_id", "endpointId"),
    ];
    kept(did, &names)
}

fn kept(element: &Element, names: &[(&str, &str)]) -> Map<String, Value> {
    let found = names.iter().filter_map(|(key, name)| {
        let text = element.text_of(name)?;
        Some(((*key).to_owned(), json!(text)))
    });
    found.collect()
}

//! What a handler gets: the request, with everything checked that is checked
//! before a handler runs (spec/http.md 1.1, steps 6 to 9).

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use axum::http::Method;
use engine::receipt::Receipt;
use engine::tokens::Authenticated;
use engine::{Caller, Context, EngineError, FieldError};
use numbers::account::{Account, AccountId};
use numbers::revision::Revision;
use serde_json::{Map, Value};

use crate::Api;
use crate::dialect::Dialect;
use crate::envelope::etag_matches;
use crate::error::ApiError;
use crate::idempotency::{Claim, Keeping};
use crate::request::{Data, Envelope, Incoming, Media, account_in, names};

/// A request whose route is known, on its way to the handler.
#[derive(Debug)]
pub struct Asked {
    pub(crate) incoming: Arc<Incoming>,
    pub(crate) body: Option<Envelope>,
    pub(crate) claim: Option<Arc<Claim>>,
}

/// What a handler takes of a request.
pub trait Take: Sized + Send + 'static {
    /// Checks the request.
    ///
    /// # Errors
    /// What the client is told when the request isn't for the handler.
    fn take(api: &Api, asked: Asked) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

/// A request to a route, whoever sent it.
#[derive(Debug)]
pub struct Input {
    /// Its head.
    pub incoming: Arc<Incoming>,
    /// The account that the URL names.
    pub account: Option<Arc<Account>>,
    body: Option<Envelope>,
    /// The call can be repeated.
    claim: Option<Arc<Claim>>,
}

/// A request by somebody with a valid token, allowed on the account that the
/// URL names: the caller's own or one below it, any for administrators
/// (spec/http.md 3.7).
#[derive(Debug)]
pub struct Call {
    input: Input,
    /// Who asks, when.
    pub context: Context,
}

/// A request that needs no token: log-ins, and what is public.
#[derive(Debug)]
pub struct OpenCall {
    input: Input,
    /// Who asks, when; `None` without a valid token.
    pub context: Option<Context>,
}

impl Input {
    /// The method that is carried out.
    pub fn method(&self) -> &Method {
        &self.incoming.method
    }

    /// The dialect of the answer.
    pub fn dialect(&self) -> Dialect {
        self.incoming.dialect
    }

    /// A part of the path after the version, decoded: for
    /// `/v2/accounts/A/phone_numbers/N`, 0 is `accounts` and 3 is `N`.
    /// Empty when the path is shorter.
    pub fn token(&self, index: usize) -> &str {
        self.incoming.tokens.get(index).map_or("", String::as_str)
    }

    /// The part of the path that follows a noun: `after("phone_numbers")` is
    /// `N`, with or without an account before it. Empty when there is none.
    pub fn after(&self, noun: &str) -> &str {
        // The account's id stands second and could be any text.
        let tokens = &self.incoming.tokens;
        let start = if account_in(tokens).is_some() && noun != "accounts" {
            2
        } else {
            0
        };
        let position = tokens.iter().skip(start).position(|token| token == noun);
        position
            .and_then(|at| tokens.get(start + at + 1))
            .map_or("", String::as_str)
    }

    /// The account that the URL names. Routes with an account in their
    /// template always have one.
    pub fn account(&self) -> Result<&Arc<Account>, ApiError> {
        self.account
            .as_ref()
            .ok_or_else(ApiError::missing_account_id)
    }

    /// Whether the request had a body that says something.
    pub const fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Takes the data of the body out; empty without a body. An array is
    /// refused as schemas refuse it.
    pub fn take_data(&mut self) -> Result<Map<String, Value>, ApiError> {
        match self
            .body
            .as_mut()
            .map(|body| std::mem::take(&mut body.data))
        {
            None => Ok(Map::new()),
            Some(Data::Object(data)) => Ok(data),
            Some(Data::Array(items)) => {
                let message = "Value did not match type(s): object";
                let mut error = FieldError::new("", "type", message);
                error.target = Some("object".into());
                error.value = Some(Value::Array(items));
                Err(ApiError::validation(vec![error]))
            }
        }
    }

    /// A value by its name, from data, query or envelope, in this order
    /// (spec/http.md 1.5). Ask before [`Self::take_data`].
    pub fn value(&self, key: &str) -> Option<Value> {
        self.incoming.value(self.body.as_ref(), key)
    }

    /// Whether a value is true, as a boolean or as text.
    pub fn is_true(&self, key: &str) -> bool {
        match self.value(key) {
            Some(Value::Bool(yes)) => yes,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// Whether the client agreed to pay (spec/http.md 7.4). Ask before
    /// [`Self::take_data`].
    pub fn accept_charges(&self) -> bool {
        self.is_true("accept_charges")
    }

    /// A parameter of the URL.
    pub fn query(&self, key: &str) -> Option<&str> {
        self.incoming.query.get(key)
    }

    /// Keeps the answer to a change of numbers with the change, where the
    /// client may repeat the call.
    pub(crate) fn receipt<'a>(&'a self, answer: &'a Keeping<'a>) -> Option<impl Receipt + 'a> {
        self.claim.as_ref().map(|claim| claim.receipt(answer))
    }

    /// The revision that a document must still have when it is written: the
    /// one that the client's `If-Match` names (spec/http.md 1.11). `None` where
    /// any will do.
    ///
    /// # Errors
    /// 412 if the document isn't at that revision now.
    pub fn if_match(&self, present: Revision) -> Result<Option<Revision>, ApiError> {
        match self.incoming.if_match().as_deref() {
            None => Ok(None),
            Some(any) if any.trim() == "*" => Ok(None),
            Some(list) if etag_matches(list, &present.to_string()) => Ok(Some(present)),
            Some(_) => Err(EngineError::OtherRevision.into()),
        }
    }
}

impl Deref for Call {
    type Target = Input;

    fn deref(&self) -> &Input {
        &self.input
    }
}

impl DerefMut for Call {
    fn deref_mut(&mut self) -> &mut Input {
        &mut self.input
    }
}

impl Deref for OpenCall {
    type Target = Input;

    fn deref(&self) -> &Input {
        &self.input
    }
}

impl DerefMut for OpenCall {
    fn deref_mut(&mut self) -> &mut Input {
        &mut self.input
    }
}

impl Take for Call {
    async fn take(api: &Api, asked: Asked) -> Result<Self, ApiError> {
        let input = input(api, asked).await?;
        let holder = input
            .incoming
            .holder
            .as_ref()
            .ok_or_else(ApiError::invalid_credentials)?;
        let caller = holder.caller();
        let context = context(&input, caller)?;
        authorize(&input, &context)?;
        negotiate(&input.incoming)?;
        Ok(Self { input, context })
    }
}

impl Take for OpenCall {
    async fn take(api: &Api, asked: Asked) -> Result<Self, ApiError> {
        let input = input(api, asked).await?;
        let context = match &input.incoming.holder {
            Some(holder) => {
                let context = context(&input, holder.caller())?;
                authorize(&input, &context)?;
                Some(context)
            }
            None => None,
        };
        negotiate(&input.incoming)?;
        Ok(Self { input, context })
    }
}

/// Loads the account of the URL.
async fn input(api: &Api, asked: Asked) -> Result<Input, ApiError> {
    let Asked {
        incoming,
        body,
        claim,
    } = asked;
    let account = match (&incoming.url_account, account_in(&incoming.tokens)) {
        (Some(account), _) => Some(account.clone()),
        (None, Some(id)) => Some(load_account(api, &incoming, id).await?),
        (None, None) => None,
    };
    Ok(Input {
        incoming,
        account,
        body,
        claim,
    })
}

/// The account of an id in a URL (spec/http.md 1.4).
async fn load_account(api: &Api, incoming: &Incoming, id: &str) -> Result<Arc<Account>, ApiError> {
    if let Some(Authenticated { account, .. }) = &incoming.holder
        && account.id.as_str() == id
    {
        return Ok(account.clone());
    }
    if id.is_empty() {
        return Err(ApiError::missing_account_id());
    }
    let key = AccountId::parse(id).map_err(|_| ApiError::invalid_account_id(id))?;
    let account = api.engine.store().account(&key).await?;
    account.ok_or_else(|| ApiError::bad_identifier(id))
}

fn context(input: &Input, caller: Caller) -> Result<Context, ApiError> {
    let context = Context {
        caller,
        request_id: input.incoming.id.clone(),
        now: input.incoming.now,
        making: input.claim.as_ref().map(|claim| claim.making().to_owned()),
    };
    let claimed = input.incoming.headers.get(&names::AUTH_ACCOUNT_ID);
    if let (Some(claimed), Some(account)) = (claimed, context.account())
        && claimed.as_bytes() != account.id.as_str().as_bytes()
    {
        return Err(ApiError::invalid_credentials());
    }
    Ok(context)
}

fn authorize(input: &Input, context: &Context) -> Result<(), ApiError> {
    match (&input.account, context.account()) {
        (Some(target), Some(caller)) if !caller.is_admin() && !caller.is_over(target) => {
            Err(ApiError::forbidden())
        }
        _ => Ok(()),
    }
}

fn negotiate(incoming: &Incoming) -> Result<(), ApiError> {
    if incoming.format.media == Media::None {
        return Err(ApiError::not_acceptable());
    }
    if incoming.unsupported_body {
        return Err(ApiError::unsupported_media_type());
    }
    Ok(())
}

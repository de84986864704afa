//! What a handler answers: data, and what the envelope says beside it.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::idempotency::First;

/// Room for the document of a number, which most answers are.
const USUAL_BYTES: usize = 2048;

/// A successful answer. The outer layer writes the envelope around it.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The data as JSON; absent where there is none.
    pub(crate) data: Option<Vec<u8>>,
    /// The status, where it isn't the method's own: 201 for `PUT`, else 200.
    pub(crate) status: Option<StatusCode>,
    pub(crate) revision: Revision,
    pub(crate) auth_token: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) page: Option<PageInfo>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) csv: Option<CsvName>,
    /// The `etag` of what the envelope says no revision of.
    pub(crate) etag: Option<String>,
    /// The data has a secret in it, which is told once and never kept.
    pub(crate) secret: bool,
    /// The request that was carried out, where this one repeats it.
    pub(crate) first: Option<First>,
}

/// What is kept of an answer, so that it can be given again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    data: Option<String>,
    status: Option<u16>,
    revision: Revision,
    location: Option<String>,
    page: Option<PageInfo>,
    metadata: Option<String>,
    etag: Option<String>,
    secret: bool,
}

/// What the envelope says about the revision (spec/http.md 1.11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Revision {
    /// Data without a revision: numbers, searches, checks.
    #[default]
    Absent,
    /// A document's.
    Document(String),
    /// A listing's: a digest of its data.
    Listing,
}

/// Paging members of the envelope (spec/http.md 2.1); none of them with
/// `paginate=false`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageInfo {
    /// Rows returned.
    pub page_size: usize,
    /// As the request gave it.
    pub start_key: Option<String>,
    /// Where the next page starts; absent on the last one.
    pub next_start_key: Option<String>,
}

/// The rows of a listing can be written as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CsvName(pub(crate) &'static [&'static str]);

impl Reply {
    /// Data that has no revision: numbers, collections, searches.
    ///
    /// Writing it can't fail for types of this program; a type that could
    /// would be answered as a fault.
    pub fn new(data: &impl Serialize) -> Result<Self, ApiError> {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        sonic_rs::to_writer(&mut bytes, data).map_err(|_| ApiError::unspecified_fault())?;
        Ok(Self {
            data: Some(bytes),
            ..Self::default()
        })
    }

    /// `{}`.
    pub fn empty_object() -> Self {
        Self {
            data: Some(b"{}".to_vec()),
            ..Self::default()
        }
    }

    /// An envelope without data.
    pub fn without_data() -> Self {
        Self::default()
    }

    /// A document: has a revision and an `etag`.
    pub fn document(
        data: &impl Serialize,
        revision: impl std::fmt::Display,
    ) -> Result<Self, ApiError> {
        let reply = Self::new(data)?;
        Ok(Self {
            revision: Revision::Document(revision.to_string()),
            ..reply
        })
    }

    /// A listing; `page` is absent with `paginate=false`.
    pub fn listing(data: &impl Serialize, page: Option<PageInfo>) -> Result<Self, ApiError> {
        let reply = Self::new(data)?;
        Ok(Self {
            revision: Revision::Listing,
            page,
            ..reply
        })
    }

    /// Another status than the method's own.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// The token that the request created.
    #[must_use]
    pub fn with_auth_token(mut self, token: impl Into<String>) -> Self {
        self.auth_token = Some(token.into());
        self
    }

    /// Where the created document is.
    #[must_use]
    pub fn with_location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Read-only data beside the data (spec/http.md 10.7).
    #[must_use]
    pub fn with_metadata(mut self, metadata: &impl Serialize) -> Self {
        self.metadata = serde_json::to_vec(metadata).ok();
        self
    }

    /// An `etag` for data whose revision the envelope doesn't tell.
    #[must_use]
    pub(crate) fn with_etag(mut self, etag: String) -> Self {
        self.etag = Some(etag);
        self
    }

    /// The data has a secret in it: a call that is repeated doesn't tell it
    /// again.
    #[must_use]
    pub(crate) fn with_secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// What is kept, so that the answer can be given again: no secrets.
    pub(crate) fn kept(&self) -> Kept {
        let text = |json: &Vec<u8>| String::from_utf8(json.clone()).ok();
        Kept {
            data: self.data.as_ref().filter(|_| !self.secret).and_then(text),
            status: self.status.map(|status| status.as_u16()),
            revision: self.revision.clone(),
            location: self.location.clone(),
            page: self.page.clone(),
            metadata: self.metadata.as_ref().and_then(text),
            etag: self.etag.clone(),
            secret: self.secret,
        }
    }

    /// An answer that was kept; `None` where it told a secret.
    pub(crate) fn again(kept: Kept, first: First) -> Option<Self> {
        let status = kept.status.and_then(|code| StatusCode::from_u16(code).ok());
        (!kept.secret).then(|| Self {
            data: kept.data.map(String::into_bytes),
            status,
            revision: kept.revision,
            location: kept.location,
            page: kept.page,
            metadata: kept.metadata.map(String::into_bytes),
            etag: kept.etag,
            first: Some(first),
            ..Self::default()
        })
    }

    /// The listing may be asked for as CSV, with these columns first.
    #[must_use]
    pub fn with_csv(mut self, columns: &'static [&'static str]) -> Self {
        self.csv = Some(CsvName(columns));
        self
    }
}

/// What came of a request, on its way to the outer layer, which knows for whom
/// it is written.
pub type Outcome = Result<Answer, ApiError>;

/// A successful answer of any kind.
#[derive(Debug)]
pub enum Answer {
    /// Data, which gets an envelope.
    Reply(Reply),
    /// A document about the server itself, which stays as it is.
    Document(Response),
}

/// Whatever a handler may answer.
pub trait IntoOutcome {
    /// What came of the request.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for Reply {
    fn into_outcome(self) -> Outcome {
        Ok(Answer::Reply(self))
    }
}

impl IntoOutcome for Response {
    fn into_outcome(self) -> Outcome {
        Ok(Answer::Document(self))
    }
}

impl IntoOutcome for ApiError {
    fn into_outcome(self) -> Outcome {
        Err(self)
    }
}

impl<T: IntoOutcome> IntoOutcome for Result<T, ApiError> {
    fn into_outcome(self) -> Outcome {
        self.and_then(T::into_outcome)
    }
}

//! Which handler answers a path and a verb.
//!
//! The library's matcher finds the path. What is around it is as little as a
//! request needs, as every request pays for it: the path's parameters are in
//! [`crate::request::Incoming::tokens`] already, and what a handler answers is
//! passed on as it is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::{HeaderValue, Method};

use crate::Api;
use crate::call::{Asked, Take};
use crate::observe::KnownSeries;
use crate::reply::{IntoOutcome, Outcome};

/// What a handler's answer is waited for with.
pub type Answering = Pin<Box<dyn Future<Output = Outcome> + Send>>;

type Run = Arc<dyn Fn(Arc<Api>, Asked) -> Answering + Send + Sync>;

/// Paths, and what answers them.
#[derive(Clone, Debug, Default)]
pub struct Table {
    paths: matchit::Router<Arc<Route>>,
}

/// A path of the table.
#[derive(Debug)]
pub struct Route {
    template: String,
    verbs: Verbs,
    series: KnownSeries,
}

/// The verbs of a path.
#[derive(Clone, Default)]
pub struct Verbs(Vec<(Method, Run)>);

impl Table {
    /// Adds a path, which must not be there yet: `{name}` stands for any one
    /// part of it.
    ///
    /// # Panics
    /// If a path is there twice: then the program is wrong.
    #[must_use]
    pub fn route(mut self, template: &str, verbs: Verbs) -> Self {
        let route = Route {
            template: template.to_owned(),
            verbs,
            series: KnownSeries::default(),
        };
        if let Err(error) = self.paths.insert(template, Arc::new(route)) {
            panic!("{template} can't be a route: {error}");
        }
        self
    }

    /// The route of a path. One without verbs isn't there.
    pub(crate) fn find(&self, path: &str) -> Option<&Arc<Route>> {
        let found = self.paths.at(path).ok()?.value;
        (!found.verbs.0.is_empty()).then_some(found)
    }
}

impl Route {
    /// The path, with names in place of its parameters.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// What counts the requests of this route.
    pub(crate) const fn series(&self) -> &KnownSeries {
        &self.series
    }

    /// Whatever answers a verb here.
    pub(crate) fn handler(&self, verb: &Method) -> Option<&Run> {
        let found = self.verbs.0.iter().find(|(known, _)| known == verb);
        found.map(|(_, run)| run)
    }

    /// The verbs, as `allow` lists them.
    pub(crate) fn allow(&self) -> HeaderValue {
        let name = |(verb, _): &(Method, Run)| match verb {
            &Method::GET => "GET,HEAD".to_owned(),
            other => other.to_string(),
        };
        let names: Vec<_> = self.verbs.0.iter().map(name).collect();
        // Names of verbs are good in any header.
        HeaderValue::from_str(&names.join(",")).unwrap_or(HeaderValue::from_static(""))
    }
}

impl Verbs {
    fn with<A>(mut self, verb: Method, handler: impl Handler<A>) -> Self {
        let run = move |api, asked| handler.answer(api, asked);
        self.0.push((verb, Arc::new(run)));
        self
    }

    /// Reads; `HEAD` as well.
    #[must_use]
    pub fn get<A>(self, handler: impl Handler<A>) -> Self {
        self.with(Method::GET, handler)
    }

    /// Makes something.
    #[must_use]
    pub fn put<A>(self, handler: impl Handler<A>) -> Self {
        self.with(Method::PUT, handler)
    }

    /// Replaces something, or does something.
    #[must_use]
    pub fn post<A>(self, handler: impl Handler<A>) -> Self {
        self.with(Method::POST, handler)
    }

    /// Changes a part of something.
    #[must_use]
    pub fn patch<A>(self, handler: impl Handler<A>) -> Self {
        self.with(Method::PATCH, handler)
    }

    /// Takes something away.
    #[must_use]
    pub fn delete<A>(self, handler: impl Handler<A>) -> Self {
        self.with(Method::DELETE, handler)
    }
}

/// A path that is read.
pub fn get<A>(handler: impl Handler<A>) -> Verbs {
    Verbs::default().get(handler)
}

/// A path where something is made.
pub fn put<A>(handler: impl Handler<A>) -> Verbs {
    Verbs::default().put(handler)
}

/// A path where something is done.
pub fn post<A>(handler: impl Handler<A>) -> Verbs {
    Verbs::default().post(handler)
}

/// A function that answers: it takes what handlers share and the call, or one
/// of them, or nothing.
pub trait Handler<Arguments>: Clone + Send + Sync + 'static {
    /// Takes of the request what it wants, which may be refused, and answers.
    fn answer(&self, api: Arc<Api>, asked: Asked) -> Answering;
}

impl<F, C, Answered> Handler<(Arc<Api>, C)> for F
where
    F: Fn(Arc<Api>, C) -> Answered + Clone + Send + Sync + 'static,
    C: Take,
    Answered: Future<Output: IntoOutcome> + Send + 'static,
{
    fn answer(&self, api: Arc<Api>, asked: Asked) -> Answering {
        let handler = self.clone();
        Box::pin(async move {
            let call = C::take(&api, asked).await?;
            handler(api, call).await.into_outcome()
        })
    }
}

impl<F, C, Answered> Handler<(C,)> for F
where
    F: Fn(C) -> Answered + Clone + Send + Sync + 'static,
    C: Take,
    Answered: Future<Output: IntoOutcome> + Send + 'static,
{
    fn answer(&self, api: Arc<Api>, asked: Asked) -> Answering {
        let handler = self.clone();
        Box::pin(async move {
            let call = C::take(&api, asked).await?;
            handler(call).await.into_outcome()
        })
    }
}

impl<F, Answered> Handler<Arc<Api>> for F
where
    F: Fn(Arc<Api>) -> Answered + Clone + Send + Sync + 'static,
    Answered: Future<Output: IntoOutcome> + Send + 'static,
{
    fn answer(&self, api: Arc<Api>, _asked: Asked) -> Answering {
        let handler = self.clone();
        Box::pin(async move { handler(api).await.into_outcome() })
    }
}

impl<F, Answered> Handler<()> for F
where
    F: Fn() -> Answered + Clone + Send + Sync + 'static,
    Answered: Future<Output: IntoOutcome> + Send + 'static,
{
    fn answer(&self, _api: Arc<Api>, _asked: Asked) -> Answering {
        let handler = self.clone();
        Box::pin(async move { handler().await.into_outcome() })
    }
}

impl fmt::Debug for Verbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(verb, _)| verb))
            .finish()
    }
}

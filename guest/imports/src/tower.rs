//! Serving with a `tower` service.

use std::future::poll_fn;

use ::http::{Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::http_types::{self, Body, BoxError};
use crate::server::{Server, ServerResponse};

impl Server {
    /// Answers requests with a service, an axum `Router` for example, until the server is closed; see
    /// [`serve`](Self::serve).
    ///
    /// Each request has a clone of the service. The error of a service, or of the body of its answer, counts as the
    /// error of a handler.
    pub async fn serve_tower<S, B>(&self, service: S)
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + 'static,
        S::Error: Into<BoxError>,
        B: HttpBody + 'static,
        B::Error: Into<BoxError>,
    {
        self.serve(async move |response: &ServerResponse| -> Result<(), BoxError> {
            let mut service = service.clone();
            let request = response.request().try_into()?;
            poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
            let answer = service.call(request).await.map_err(Into::into)?;
            http_types::respond(response, answer).await
        })
        .await;
    }
}

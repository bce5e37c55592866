//! The description of the API for programs (OpenAPI 3.1), made of the code that serves it.

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// All of it.
#[derive(OpenApi)]
#[openapi(
    info(title = "PagerSlack", description = "Reports incidents, for which an available engineer is paged in Slack, and \
        shows what became of them. docs/API.md has examples."),
    paths(
        super::incidents::report,
        super::incidents::list,
        super::incidents::show,
        super::alertmanager::receive,
    ),
    tags(
        (name = "incidents", description = "Incidents, and who is on them."),
        (name = "hooks", description = "What other programs send by themselves."),
    ),
    modifiers(&Tokens)
)]
struct Api;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("What `pagerslack token create` prints."))
            .build();
        let basic = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("The same as the password; the name does not matter."))
            .build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        components.add_security_scheme("password", SecurityScheme::Http(basic));
    }
}

/// Serves it to everybody: it holds nothing but what is public.
pub(super) async fn serve() -> Json<Document> {
    Json(Api::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is served is described, and by the version that programs understand.
    #[test]
    fn every_route_is_described() {
        let document = serde_json::to_value(Api::openapi()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let routes = document["paths"].as_object().unwrap();
        let routes: Vec<&str> = routes.keys().map(String::as_str).collect();
        assert_eq!(routes, ["/api/v1/incidents", "/api/v1/incidents/{id}", "/hooks/alertmanager"]);
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}

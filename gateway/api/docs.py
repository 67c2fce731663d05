"""`/docs`: the OpenAPI document as a page that needs nothing from outside: no script, no font, no foreign address.

In comes the document that flask-smorest makes, out goes HTML. Called by the door.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, render_template

pages = Blueprint("page", __name__, template_folder="templates")

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One route and method as the page shows it."""

    method: str
    path: str
    summary: str
    tag: str
    parameters: tuple[Mapping[str, object], ...]
    bodies: Mapping[str, str]
    responses: Mapping[str, str]


@pages.get("/docs")
def docs() -> Response:
    """The page."""
    spec = current_app.extensions["gateway-spec"]()
    schemas = spec.get("components", {}).get("schemas", {})
    html = render_template("docs.html", info=spec["info"], operations=list(_operations(spec)), schemas=schemas)
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(html, content_type="text/html; charset=utf-8", headers=headers)


@pages.get("/")
def start() -> Response:
    """Whoever comes without knowing where to."""
    return Response(status=302, headers={"Location": "/docs"})


def _operations(spec: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Iterator[Operation]:
    for path, item in spec["paths"].items():
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                shared = item.get("parameters")
                yield _operation(method, path, operation=operation, shared=shared)


def _operation(method: str, path: str, *, operation: Mapping[str, object], shared: object) -> Operation:
    own = operation.get("parameters")
    parameters = [each for group in (shared, own) if isinstance(group, list) for each in group]
    tags = operation.get("tags")
    return Operation(
        method=method.upper(),
        path=path,
        summary=str(operation.get("summary", "")),
        tag=str(tags[0]) if isinstance(tags, list) and tags else "",
        parameters=tuple(parameters),
        bodies=_schemas_of(operation.get("requestBody")),
        responses=_descriptions(operation.get("responses")),
    )


def _schemas_of(body: object) -> dict[str, str]:
    """Media type → the name of its schema, or an empty word."""
    content = body.get("content") if isinstance(body, Mapping) else None
    if not isinstance(content, Mapping):
        return {}
    return {str(kind): _reference(entry.get("schema")) for kind, entry in content.items() if isinstance(entry, Mapping)}


def _descriptions(responses: object) -> dict[str, str]:
    if not isinstance(responses, Mapping):
        return {}
    return {str(status): str(entry.get("description", "")) for status, entry in responses.items()}


def _reference(schema: object) -> str:
    name = schema.get("$ref") if isinstance(schema, Mapping) else None
    return str(name).rpartition("/")[2] if name else ""

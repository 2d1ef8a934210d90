"""The OpenAPI document and a page to read it; open to everybody, as they say nothing of anybody's data."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView


class DocumentView(SpectacularAPIView):
    """The OpenAPI document, as YAML or JSON."""

    http_method_names = ("get", "head")


class ReadingView(SpectacularSwaggerView):
    """The page has no form for the answer to any other method."""

    http_method_names = ("get", "head")

"""The OpenAPI document and a page to read it; open to everybody, as they say nothing of anybody's data."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class DocumentView(SpectacularAPIView):
    """The OpenAPI document, as YAML or JSON."""

    http_method_names = ("get", "head")


class ReadingView(SpectacularSwaggerSplitView):
    """Its script comes from an address of its own: no script stands in a page. The page has no form for the answer to
    any other method."""

    http_method_names = ("get", "head")
    template_name = "api/docs.html"

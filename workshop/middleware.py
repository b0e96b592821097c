"""The content security policy of a page: self only, wider for the office and two viewers."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

# The office theme evaluates its Alpine attributes and writes its colours into a <style> element
# (docs/adr/0003). Inline scripts stay forbidden there too.
OFFICE_ADDITIONS = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
}
# The viewers of the API's description style their elements; the second reads it in a worker.
VIEWER_ADDITIONS = {
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "worker-src": [SELF, "blob:"],
}


class ContentPolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if report_only:
            return parts
        if request.path_info.startswith(reverse("admin:index")):
            parts.replace = {**OFFICE_ADDITIONS, **(parts.replace or {})}
        elif request.path_info in {reverse("swagger"), reverse("redoc")}:
            parts.replace = {**VIEWER_ADDITIONS, **(parts.replace or {})}
        return parts

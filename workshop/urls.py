from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from workshop import views
from workshop.lib.api import described

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", views.icon, name="icon"),
    path("admin/analytics/", include("analytics.admin.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("workshop.api_urls")),
    path("api/schema/", described.Description.as_view(), name="schema"),
    path("api/docs/", described.SwaggerPage.as_view(url_name="schema"), name="swagger"),
    path("api/redoc/", described.RedocPage.as_view(url_name="schema"), name="redoc"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("health/", include("integrations.api.health_urls")),
    path("demo/telegram/", views.demo_telegram, name="demo-telegram"),
]

# Unknown addresses and bugs: the API answers in its envelope, the pages in words.
handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error

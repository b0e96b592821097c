from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from workshop import views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", views.icon, name="icon"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("demo/telegram/", views.demo_telegram, name="demo-telegram"),
]

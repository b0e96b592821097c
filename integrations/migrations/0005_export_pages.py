"""Exports have a page of their own in the office: a proxy, no table."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_imports")]

    operations = [
        migrations.CreateModel(
            name="ExportJob",
            fields=[],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
                "ordering": ["-id"],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("integrations.datajob",),
        ),
    ]

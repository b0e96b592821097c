from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0005_alerts"),
    ]

    operations = [
        migrations.AddField(
            model_name="alertrule",
            name="unless",
            field=models.JSONField(blank=True, default=list, verbose_name="not while these are on"),
        ),
    ]

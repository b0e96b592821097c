"""A version that does not know the column adds rules beside one that does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0006_alert_rule_unless"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alertrule",
            name="unless",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="not while these are on"
            ),
        ),
    ]

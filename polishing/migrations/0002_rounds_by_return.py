"""What was taken back in a period is found without walking the table."""

from django.db import migrations, models

from workshop.lib.indexes import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("polishing", "0001_initial")]
    operations = [
        AddIndexOnline(
            model_name="polishingorder",
            index=models.Index(fields=["returned_at"], name="polishing_by_return"),
        ),
    ]

"""What was decided in a period is found without walking the table."""

from django.db import migrations, models

from workshop.lib.indexes import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("receipts", "0006_checklist_answer_void")]
    operations = [
        AddIndexOnline(
            model_name="qualitycheck",
            index=models.Index(fields=["decided_at"], name="check_by_time"),
        ),
    ]

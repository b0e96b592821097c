"""What is still to be decided is found without walking all items."""

from django.db import migrations, models

from workshop.lib.indexes import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("receipts", "0007_checks_by_time")]
    operations = [
        AddIndexOnline(
            model_name="returnitem",
            index=models.Index(
                condition=models.Q(("responsibility", "undecided")),
                fields=["return_case"],
                name="item_undecided",
            ),
        ),
    ]

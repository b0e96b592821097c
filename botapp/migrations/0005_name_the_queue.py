"""The names of the queue in the office, and an index of what was given up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("botapp", "0004_group_cards")]

    operations = [
        migrations.AlterModelOptions(
            name="outgoingmessage",
            options={"verbose_name": "notice", "verbose_name_plural": "sending queue"},
        ),
        migrations.AlterModelOptions(
            name="personreach",
            options={
                "verbose_name": "unreachable person",
                "verbose_name_plural": "unreachable people",
            },
        ),
        migrations.AddIndex(
            model_name="outgoingmessage",
            index=models.Index(
                fields=["id"],
                condition=models.Q(("state", "dead")),
                name="outgoing_message_given_up",
            ),
        ),
    ]

"""When a notice was planned and tried last, and when a person was last found out of reach."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("botapp", "0002_note_screens_on_their_way")]

    operations = [
        migrations.AddField(
            model_name="outgoingmessage",
            name="planned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="outgoingmessage",
            name="tried_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="personreach",
            name="checked_at",
            field=models.DateTimeField(null=True),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0004_job_asked"),
    ]

    operations = [
        migrations.AddField(
            model_name="lease",
            name="seen_at",
            field=models.DateTimeField(null=True),
        ),
    ]

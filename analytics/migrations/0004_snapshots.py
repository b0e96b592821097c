from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0003_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("key", models.CharField(max_length=120, verbose_name="metric")),
                (
                    "lowest",
                    models.DecimalField(decimal_places=3, max_digits=20, verbose_name="lowest"),
                ),
                (
                    "highest",
                    models.DecimalField(decimal_places=3, max_digits=20, verbose_name="highest"),
                ),
                ("total", models.DecimalField(decimal_places=3, max_digits=24, verbose_name="sum")),
                ("last", models.DecimalField(decimal_places=3, max_digits=20, verbose_name="last")),
                ("count", models.PositiveIntegerField(verbose_name="snapshots")),
            ],
            options={
                "verbose_name": "number of a day",
                "verbose_name_plural": "numbers of days",
                "ordering": ["day", "key"],
                "indexes": [models.Index(fields=["day"], name="daily_number_by_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("key", "day"), name="daily_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("count__gt", 0)), name="daily_number_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slot", models.DateTimeField(null=True, unique=True, verbose_name="slot")),
                ("taken_at", models.DateTimeField(verbose_name="taken at")),
                ("duration_ms", models.PositiveIntegerField(verbose_name="duration, ms")),
                ("schema", models.PositiveSmallIntegerField(verbose_name="version of the numbers")),
                ("build", models.CharField(blank=True, max_length=64, verbose_name="build")),
                ("numbers", models.JSONField(default=dict, verbose_name="numbers")),
                ("failed", models.JSONField(default=list, verbose_name="sources that failed")),
            ],
            options={
                "verbose_name": "snapshot of the numbers",
                "verbose_name_plural": "snapshots of the numbers",
                "ordering": ["-taken_at", "-id"],
                "indexes": [models.Index(fields=["-taken_at", "-id"], name="snapshot_newest")],
            },
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("receipts", "0003_customer_subscriptions"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="calendarday",
            name="special_day_in_order",
        ),
        migrations.AddField(
            model_name="calendarday",
            name="like_weekday",
            field=models.PositiveSmallIntegerField(
                blank=True,
                choices=[
                    (0, "Monday"),
                    (1, "Tuesday"),
                    (2, "Wednesday"),
                    (3, "Thursday"),
                    (4, "Friday"),
                    (5, "Saturday"),
                    (6, "Sunday"),
                ],
                null=True,
                verbose_name="hours as on",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("end__isnull", True),
                        ("like_weekday__isnull", True),
                        ("start__isnull", True),
                        ("working", False),
                    ),
                    models.Q(
                        ("end__gt", models.F("start")),
                        ("like_weekday__isnull", True),
                        ("start__isnull", False),
                        ("working", True),
                    ),
                    models.Q(
                        ("end__isnull", True),
                        ("like_weekday__lte", 6),
                        ("start__isnull", True),
                        ("working", True),
                    ),
                    _connector="OR",
                ),
                name="special_day_in_order",
            ),
        ),
    ]

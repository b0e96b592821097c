from django.db import migrations, models
from django.db.models import Max, Min


def keep_hours(apps, schema_editor):
    """A step back: a day with the hours of another weekday gets them as hours of its own.

    The break between two intervals goes; a weekday without hours makes it a day off.
    """
    day_model = apps.get_model("receipts", "CalendarDay")
    interval = apps.get_model("receipts", "WorkInterval")
    for day in day_model.objects.filter(like_weekday__isnull=False):
        hours = interval.objects.filter(calendar_id=day.calendar_id, weekday=day.like_weekday)
        found = hours.aggregate(start=Min("start"), end=Max("end"))
        day.start, day.end = found["start"], found["end"]
        day.working = found["start"] is not None
        day.save(update_fields=["start", "end", "working"])


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
        # Between the two constraints: the former one does not know such days.
        migrations.RunPython(migrations.RunPython.noop, keep_hours, elidable=False),
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

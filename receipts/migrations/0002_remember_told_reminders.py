import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("history", "0001_initial"),
        ("receipts", "0001_initial"),
        ("staff", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="event",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reminders",
                to="history.event",
            ),
        ),
        migrations.CreateModel(
            name="Overstay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("limit", models.CharField(max_length=50, verbose_name="limit")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("told_at", models.DateTimeField(verbose_name="told at")),
                (
                    "event",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="overstays",
                        to="history.event",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="overstays",
                        to="receipts.receipt",
                        verbose_name="receipt",
                    ),
                ),
            ],
            options={
                "verbose_name": "stay over its limit",
                "verbose_name_plural": "stays over their limit",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("receipt", "limit", "since"), name="overstay_told_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("noted", "noted"), ("snoozed", "later")],
                        max_length=8,
                        verbose_name="answer",
                    ),
                ),
                ("answered_at", models.DateTimeField(verbose_name="when")),
                ("until", models.DateTimeField(blank=True, null=True, verbose_name="again at")),
                (
                    "told_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="told again at"),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="staff.employee",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminder_answers",
                        to="history.event",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="receipts.receipt",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer to a reminder",
                "verbose_name_plural": "answers to reminders",
                "indexes": [
                    models.Index(
                        condition=models.Q(("kind", "snoozed"), ("told_at__isnull", True)),
                        fields=["until"],
                        name="reminder_answer_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("receipt__isnull", False)),
                        fields=("event", "employee", "receipt"),
                        name="reminder_answer_to_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("receipt__isnull", True)),
                        fields=("event", "employee"),
                        name="reminder_answer_to_all",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "noted"), ("until__isnull", True)),
                            models.Q(("kind", "snoozed"), ("until__isnull", False)),
                            _connector="OR",
                        ),
                        name="reminder_answer_with_time",
                    ),
                ],
            },
        ),
    ]

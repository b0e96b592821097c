import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import workshop.lib.clock


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0004_snapshots"),
        ("history", "0005_lease_seen"),
        ("staff", "0004_work_group"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("minutely_at", models.DateTimeField(null=True)),
                ("all_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "check of alerts",
                "verbose_name_plural": "checks of alerts",
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("metric", models.CharField(max_length=60, verbose_name="number")),
                ("label", models.CharField(blank=True, max_length=80, verbose_name="of what")),
                (
                    "comparison",
                    models.CharField(
                        choices=[("above", "above"), ("below", "below"), ("equal", "equal to")],
                        max_length=5,
                        verbose_name="alert when it is",
                    ),
                ),
                (
                    "threshold",
                    models.DecimalField(decimal_places=3, max_digits=14, verbose_name="threshold"),
                ),
                (
                    "clear_at",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=14,
                        null=True,
                        verbose_name="over again at",
                    ),
                ),
                (
                    "lasts_minutes",
                    models.PositiveIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(44640)],
                        verbose_name="after so many minutes",
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("warning", "Warning"), ("critical", "Critical")],
                        default="warning",
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                ("quiet_from", models.TimeField(blank=True, null=True, verbose_name="quiet from")),
                ("quiet_to", models.TimeField(blank=True, null=True, verbose_name="quiet until")),
                (
                    "ignores_quiet",
                    models.BooleanField(default=False, verbose_name="also in quiet hours"),
                ),
                (
                    "cooldown_minutes",
                    models.PositiveIntegerField(
                        default=1440,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(44640),
                        ],
                        verbose_name="told again after, minutes",
                    ),
                ),
                (
                    "escalate_minutes",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(44640),
                        ],
                        verbose_name="told higher up after, minutes",
                    ),
                ),
                (
                    "escalate_roles",
                    models.JSONField(
                        blank=True, default=list, verbose_name="who is told higher up"
                    ),
                ),
                (
                    "roles",
                    models.JSONField(
                        blank=True, default=list, verbose_name="who is told, by access"
                    ),
                ),
                ("by_mail", models.BooleanField(default=False, verbose_name="also by e-mail")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "created_at",
                    models.DateTimeField(default=workshop.lib.clock.now, verbose_name="created at"),
                ),
                (
                    "employees",
                    models.ManyToManyField(
                        blank=True,
                        related_name="+",
                        to="staff.employee",
                        verbose_name="and these people",
                    ),
                ),
            ],
            options={
                "verbose_name": "alert rule",
                "verbose_name_plural": "alert rules",
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=150, verbose_name="number")),
                (
                    "severity",
                    models.CharField(
                        choices=[("warning", "Warning"), ("critical", "Critical")],
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                (
                    "comparison",
                    models.CharField(
                        choices=[("above", "above"), ("below", "below"), ("equal", "equal to")],
                        max_length=5,
                    ),
                ),
                (
                    "threshold",
                    models.DecimalField(decimal_places=3, max_digits=14, verbose_name="threshold"),
                ),
                (
                    "value",
                    models.DecimalField(decimal_places=3, max_digits=14, verbose_name="value"),
                ),
                (
                    "last_value",
                    models.DecimalField(decimal_places=3, max_digits=14, verbose_name="value now"),
                ),
                ("fired_at", models.DateTimeField(verbose_name="fired at")),
                (
                    "acknowledged_at",
                    models.DateTimeField(null=True, verbose_name="acknowledged at"),
                ),
                (
                    "acknowledged_by",
                    models.CharField(blank=True, max_length=150, verbose_name="acknowledged by"),
                ),
                ("snoozed_until", models.DateTimeField(null=True, verbose_name="snoozed until")),
                (
                    "snoozed_by",
                    models.CharField(blank=True, max_length=150, verbose_name="snoozed by"),
                ),
                ("first_told_at", models.DateTimeField(null=True, verbose_name="first told at")),
                ("told_at", models.DateTimeField(null=True, verbose_name="last told at")),
                ("times_told", models.PositiveIntegerField(default=0, verbose_name="messages")),
                ("escalated_at", models.DateTimeField(null=True, verbose_name="told higher up at")),
                ("resolved_at", models.DateTimeField(null=True, verbose_name="over at")),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("back", "the number is back"),
                            ("gone", "there is no such number any more"),
                            ("rule", "its rule was changed or switched off"),
                            ("person", "closed by hand"),
                        ],
                        max_length=6,
                        verbose_name="how it ended",
                    ),
                ),
                (
                    "resolved_by",
                    models.CharField(blank=True, max_length=150, verbose_name="closed by"),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="analytics.alertrule",
                        verbose_name="rule",
                    ),
                ),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="AlertWatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=150)),
                ("since", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
                ("believed", models.BooleanField(default=False)),
                ("owed", models.BooleanField(default=False)),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="watches",
                        to="analytics.alertrule",
                    ),
                ),
            ],
            options={
                "verbose_name": "watched number",
                "verbose_name_plural": "watched numbers",
            },
        ),
        migrations.CreateModel(
            name="AlertMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("failed", "given up"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="error")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField()),
                ("token", models.CharField(blank=True, max_length=32)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="history.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "e-mail about an alert",
                "verbose_name_plural": "e-mails about alerts",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["due_at"],
                        name="alert_mail_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "address"), name="alert_mail_once")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("clear_at__isnull", True),
                    models.Q(("clear_at__lte", models.F("threshold")), ("comparison", "above")),
                    models.Q(("clear_at__gte", models.F("threshold")), ("comparison", "below")),
                    _connector="OR",
                ),
                name="alert_rule_clears_on_the_good_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from__isnull", True), ("quiet_to__isnull", True)),
                    models.Q(("quiet_from__isnull", False), ("quiet_to__isnull", False)),
                    _connector="OR",
                ),
                name="alert_rule_quiet_hours_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ignores_quiet", False), ("severity", "critical"), _connector="OR"
                ),
                name="alert_rule_wakes_when_critical",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("cooldown_minutes__gte", 5)), name="alert_rule_has_a_cooldown"
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["fired_at"], name="alert_age"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at__isnull", True)),
                fields=("rule", "key"),
                name="alert_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", True), ("why", "")),
                    models.Q(("resolved_at__isnull", False), models.Q(("why", ""), _negated=True)),
                    _connector="OR",
                ),
                name="alert_ends_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertwatch",
            constraint=models.UniqueConstraint(fields=("rule", "key"), name="alert_watch_once"),
        ),
    ]

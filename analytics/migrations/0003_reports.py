import django.db.models.deletion
from django.db import migrations, models

import workshop.lib.clock


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0002_rollups"),
        ("staff", "0004_work_group"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReportSchedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "every",
                    models.CharField(
                        choices=[
                            ("daily", "each day"),
                            ("weekly", "each week"),
                            ("monthly", "each month"),
                        ],
                        max_length=8,
                        verbose_name="how often",
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        choices=[("xlsx", "Excel"), ("pdf", "PDF"), ("both", "Excel and PDF")],
                        default="xlsx",
                        max_length=4,
                        verbose_name="format",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "since",
                    models.DateTimeField(default=workshop.lib.clock.now, verbose_name="since"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=workshop.lib.clock.now, verbose_name="created at"),
                ),
            ],
            options={
                "verbose_name": "report schedule",
                "verbose_name_plural": "report schedules",
                "ordering": ["every", "id"],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slot", models.DateTimeField(null=True, verbose_name="slot")),
                ("kind", models.CharField(max_length=16, verbose_name="period")),
                ("first", models.DateField(verbose_name="first day")),
                ("after", models.DateField()),
                (
                    "form",
                    models.CharField(
                        choices=[("xlsx", "Excel"), ("pdf", "PDF"), ("both", "Excel and PDF")],
                        max_length=4,
                        verbose_name="format",
                    ),
                ),
                ("language", models.CharField(default="ru", max_length=5, verbose_name="language")),
                ("asked_label", models.CharField(max_length=150, verbose_name="who")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("making", "being made"),
                            ("ready", "ready"),
                            ("failed", "failed"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="error")),
                ("summary", models.JSONField(default=dict)),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(default=workshop.lib.clock.now)),
                ("token", models.CharField(blank=True, max_length=32)),
                ("owner", models.CharField(blank=True, max_length=100)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=workshop.lib.clock.now, verbose_name="created at"),
                ),
                ("made_at", models.DateTimeField(null=True, verbose_name="made at")),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(default=0, verbose_name="how often sent"),
                ),
                ("forgotten_at", models.DateTimeField(null=True, verbose_name="files removed at")),
                (
                    "schedule",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="analytics.reportschedule",
                        verbose_name="schedule",
                    ),
                ),
            ],
            options={
                "verbose_name": "report",
                "verbose_name_plural": "reports",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ReportFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=5, verbose_name="language")),
                ("form", models.CharField(max_length=4, verbose_name="format")),
                (
                    "file",
                    models.FileField(blank=True, max_length=200, upload_to="", verbose_name="file"),
                ),
                ("name", models.CharField(max_length=150, verbose_name="file name")),
                ("size", models.PositiveIntegerField(verbose_name="bytes")),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="analytics.report",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a report",
                "verbose_name_plural": "files of reports",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("report", "language", "form"), name="report_file_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "address",
                    models.EmailField(blank=True, max_length=254, verbose_name="e-mail address"),
                ),
                ("round", models.PositiveSmallIntegerField(default=1, verbose_name="time")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("failed", "given up"),
                            ("unsent", "not needed"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="error")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(default=workshop.lib.clock.now)),
                ("token", models.CharField(blank=True, max_length=32)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=workshop.lib.clock.now, verbose_name="created at"),
                ),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                (
                    "possible_duplicate",
                    models.BooleanField(default=False, verbose_name="possibly a repeat"),
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
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="analytics.report",
                    ),
                ),
            ],
            options={
                "verbose_name": "e-mail with a report",
                "verbose_name_plural": "e-mails with reports",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["due_at"],
                        name="report_mail_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("report", "employee", "round"), name="report_mail_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportRecipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("by_telegram", models.BooleanField(default=True, verbose_name="by Telegram")),
                (
                    "address",
                    models.EmailField(blank=True, max_length=254, verbose_name="e-mail address"),
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
                    "schedule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recipients",
                        to="analytics.reportschedule",
                    ),
                ),
            ],
            options={
                "verbose_name": "recipient of a report",
                "verbose_name_plural": "recipients of reports",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("schedule", "employee"), name="report_recipient_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("by_telegram", True),
                            models.Q(("address", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="report_recipient_reachable",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "making"])),
                fields=["due_at"],
                name="report_to_make",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("forgotten_at__isnull", True)),
                fields=["created_at"],
                name="report_with_files",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                fields=("schedule", "slot"), name="report_once_per_slot"
            ),
        ),
    ]

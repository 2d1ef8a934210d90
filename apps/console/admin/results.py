"""Failed control tasks: a bug somebody should see."""

from django.contrib import admin
from django_celery_results.models import GroupResult, TaskResult

from apps.console.admin.base import ReadOnlyAdmin

for model in (GroupResult, TaskResult):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(TaskResult)
class TaskResultAdmin(ReadOnlyAdmin):
    list_display = ("task_id", "task_name", "status", "date_done")
    list_filter = ("status",)


@admin.register(GroupResult)
class GroupResultAdmin(ReadOnlyAdmin):
    list_display = ("group_id", "date_done")

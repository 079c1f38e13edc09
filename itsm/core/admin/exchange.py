"""Import and export of catalog records, with history for what is imported and guarded cells."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from import_export.admin import ImportExportModelAdmin
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource
from import_export.tmp_storages import MediaStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from itsm.core import context
from itsm.core.cells import safe_cell, true_cell


class ExchangeResource(ModelResource):
    """Rows in and out by natural names. An unchanged row writes nothing; one bad row stops all."""

    class Meta:
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
        clean_model_instances = True

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """A spreadsheet must not take a name for a formula."""
        return safe_cell(super().export_field(field, instance, **kwargs))

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        for name, value in row.items():
            row[name] = true_cell(value)

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        instance._change_reason = f"Imported from {kwargs.get('file_name') or 'a file'}"


class ExchangeAdmin(ImportExportModelAdmin):
    """Mixin for catalog models: who may view may export, who may add and change may import."""

    import_form_class = ImportForm
    export_form_class = ExportForm
    formats = [CSV, XLSX]
    skip_admin_log = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_tmp_storage_class(self) -> Any:
        """The confirmed file may be read by another web process than the one that took it."""
        return MediaStorage

    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **kwargs: Any) -> Any:
        with context.use(user=request.user):
            return super().process_dataset(dataset, form, request, **kwargs)

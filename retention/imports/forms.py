"""What an administrator fills in to import files."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from retention.imports.mapping import shipped_mappings
from retention.imports.mapping_files import SIZE_LIMIT, find_mapping

MOST_FILES = 20


class SeveralFilesInput(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Uploaded files, each checked as one."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the list of files."""
        files = (data if isinstance(data, list | tuple) else [data]) or [None]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"No more than {MOST_FILES} files at once.")
        return [super(SeveralFilesField, self).clean(file, initial) for file in files]


class ImportForm(forms.Form):
    """Files, the mapping that reads them, and how strictly."""

    uploads = SeveralFilesField(
        label="Files", help_text="CSV, TSV, JSON Lines or XLSX; plain, .gz or .xz; in any common encoding."
    )
    mapping = forms.ChoiceField(label="Mapping", required=False)
    own_mapping = forms.FileField(
        label="or a mapping of your own", required=False, help_text="A TOML file that says which columns make what."
    )
    source = forms.CharField(
        label="Source",
        required=False,
        max_length=64,
        help_text="Records are known by source and external id. Empty for the mapping’s own.",
    )
    dry_run = forms.BooleanField(label="Only try: say what would be written, and write nothing", required=False)
    strict = forms.BooleanField(label="All or nothing: write nothing if any line is refused", required=False)
    shift_to_now = forms.BooleanField(label="Move all dates by whole weeks, so that they end now", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, find_mapping(name).name) for name in shipped_mappings()]
        self.fields["mapping"].choices = [("", "choose…"), *choices]  # type: ignore[attr-defined]  # a choice field

    def written(self) -> list[forms.BoundField]:
        """What is filled in."""
        return [field for field in self if not isinstance(field.field, forms.BooleanField)]

    def choices(self) -> list[forms.BoundField]:
        """What is ticked."""
        return [field for field in self if isinstance(field.field, forms.BooleanField)]

    def clean(self) -> dict[str, Any]:
        """Insist on one mapping, and read it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if bool(cleaned.get("mapping")) == bool(cleaned.get("own_mapping")):
            self.add_error("mapping", "Choose a mapping, or upload one of your own.")
        else:
            cleaned["mapping_file"], cleaned["mapping_text"] = self._mapping_of(cleaned)
        return cleaned

    def _mapping_of(self, cleaned: dict[str, Any]) -> tuple[str, str]:
        uploaded: UploadedFile[bytes] | None = cleaned.get("own_mapping")
        if uploaded is None:
            path = shipped_mappings()[cleaned["mapping"]]
            return path.name, path.read_text()
        if (uploaded.size or 0) > SIZE_LIMIT:
            self.add_error("own_mapping", f"It is larger than {SIZE_LIMIT // 1024} KiB.")
            return "", ""
        try:
            return uploaded.name or "mapping.toml", uploaded.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("own_mapping", "It is not a text file in UTF-8.")
            return "", ""

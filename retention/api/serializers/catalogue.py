"""The registry of signals as JSON."""

from typing import Any

from rest_framework import serializers

from accounts.signals import TYPES


class FieldSerializer(serializers.Serializer[Any]):
    """One field of a kind of signal."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=list(TYPES))
    meaning = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    is_required = serializers.BooleanField(source="required")


class KindSerializer(serializers.Serializer[Any]):
    """One kind of signal."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # declared fields leave the class
    department = serializers.CharField(help_text="slug of the department whose system knows it")
    meaning = serializers.CharField()
    data_fields = FieldSerializer(source="fields", many=True)

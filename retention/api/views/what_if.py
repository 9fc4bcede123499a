"""What if some friction had not been."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from retention.api.callers import caller
from retention.api.serializers.what_if import AnswerSerializer, QuestionSerializer
from retention.api.views.common import InUtc
from retention.scoring.what_if import Answer, TooManyAccounts, what_if

MOST_ACCOUNTS_TOLD = 100


class WhatIfView(InUtc):
    """Rescores the accounts that the caller sees as if friction that the caller sees had not been; changes nothing."""

    @extend_schema(request=QuestionSerializer, responses=AnswerSerializer)
    def post(self, request: Request) -> Response:
        """Ask. More than 100,000 touched accounts are refused: narrow the question."""
        given = QuestionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            answer = what_if(given.question(), person=caller(request), as_of=timezone.now())
        except TooManyAccounts as sentence:
            raise ValidationError(str(sentence)) from sentence
        return Response(AnswerSerializer(_told(answer)).data)


def _told(answer: Answer) -> dict[str, Any]:
    places = answer.heaviest(MOST_ACCOUNTS_TOLD).tolist()
    accounts = Account.objects.in_bulk(answer.account_ids[places].tolist())
    kept = answer.money_kept
    return {
        "as_of": answer.as_of,
        "incidents": answer.incidents,
        "accounts": len(answer.account_ids),
        "revenue_at_risk_before": answer.at_risk_before,
        "revenue_at_risk_after": answer.at_risk_after,
        "money_kept": answer.total_kept,
        "crossings": [
            {"before": one.value, "after": other.value, "accounts": count} for one, other, count in answer.crossings()
        ],
        "most_kept": [
            {
                "account": accounts[key],
                "before": float(answer.before[place]),
                "after": float(answer.after[place]),
                "money_kept": float(kept[place]),
            }
            for place in places
            if (key := int(answer.account_ids[place])) in accounts
        ],
    }

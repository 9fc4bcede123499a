"""What if some friction had not been: answered at once, or by workers and kept."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from departments.models import Person
from retention.api.callers import caller
from retention.api.serializers.what_if import (
    AnswerSerializer,
    QuestionSerializer,
    WhatIfRunDetail,
    WhatIfRunSerializer,
    as_told,
)
from retention.api.views.common import InUtc, Records
from retention.asking.words import words_of
from retention.models import WhatIfRun
from retention.scoring.what_if import Question, TooManyAccounts, what_if
from retention.scoring.what_if_answers import Told
from retention.scoring.what_if_runs import ask, ranges_of
from retention.tasks import answer_range


class WhatIfView(InUtc):
    """Rescores the accounts that the caller sees as if friction that the caller sees had not been; changes nothing."""

    @extend_schema(request=QuestionSerializer, responses=AnswerSerializer)
    def post(self, request: Request) -> Response:
        """Ask. What touches more than 20,000 accounts is refused: `what-if/answers` has workers answer it."""
        given = QuestionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person, moment = caller(request), timezone.now()
        try:
            answer = what_if(given.question(), person=person, as_of=moment)
        except TooManyAccounts as sentence:
            raise ValidationError(str(sentence)) from sentence
        return Response(AnswerSerializer(as_told(Told.of(answer), moment, person)).data)


class WhatIfRunViewSet(Records[WhatIfRun]):
    """Questions that workers answer, account range by account range; each keeps its answer and its date."""

    queryset = WhatIfRun.objects.select_related("asked_by", "model")
    serializer_class = WhatIfRunSerializer
    detail_serializer_class = WhatIfRunDetail

    @extend_schema(request=QuestionSerializer, responses={202: WhatIfRunDetail})
    def create(self, request: Request) -> Response:
        """Have a question answered, however many accounts it touches; 409 where three of the caller's wait already."""
        given = QuestionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self._begin(given.question(), caller(request))

    @extend_schema(request=None, responses={202: WhatIfRunDetail})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, public_id: UUID) -> Response:
        """Have the same question answered as of now, about what the caller sees; the earlier answer stays."""
        return self._begin(Question.from_dict(self.get_object().question), caller(request))

    def _begin(self, question: Question, person: Person) -> Response:
        run = ask(question=question, words=words_of(question), acting_person=person)
        for range_id in ranges_of(run):
            answer_range.delay(range_id)
        return self.show(run.pk, status.HTTP_202_ACCEPTED)

    def get_serializer_context(self) -> dict[str, Any]:
        """Add for whom accounts are named."""
        return {**super().get_serializer_context(), "person": caller(self.request)}

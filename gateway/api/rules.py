"""`/rules`: the rules beyond the XSD, as `gateway validate --rules` prints them.

In comes a request, out goes the table in the reader's language. Everybody may read it: it says nothing of anybody.
"""

import json

from flask import Response
from flask.views import MethodView

from gateway.api.answers import RulesAnswer
from gateway.api.arguments import Blueprint
from gateway.api.tongue import told
from gateway.arkivmelding.rules import RULES

blueprint = Blueprint("rules", __name__, description="What is asked of an arkivmelding beyond its XSD.")


@blueprint.route("/rules", endpoint="rules")
class Rules(MethodView):
    """The table."""

    @blueprint.response(200, RulesAnswer)
    def get(self) -> Response:
        """Every rule with its code, class, sentence, and how to mend what breaks it."""
        table = [
            {
                "code": each.code,
                "class": each.fault_class.value,
                "severity": each.severity.value,
                "sentence": told(each.sentence),
                "mend": told(each.mend),
            }
            for each in RULES
        ]
        return Response(json.dumps({"rules": table}, ensure_ascii=False), content_type="application/json")

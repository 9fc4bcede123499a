"""The steps of a cure in words, as histories tell them."""

VERBS = {
    "contained": "did first aid",
    "cause_found": "recorded why it happened",
    "action_planned": "planned a corrective action",
    "action_replanned": "planned an action anew",
    "action_done": "did a corrective action",
    "action_dropped": "dropped an action",
    "check_opened": "opened an effectiveness check",
    "check_confirmed": "closed an action as effective",
    "action_reopened": "reopened an action after its check",
    "cost_recorded": "recorded a cost",
    "customer_told": "told the customer that we have it",
    "customer_answered": "told the customer what was found and done",
    "customer_asked": "asked whether the customer is satisfied",
    "struck": "struck something out",
    "problem_linked": "linked it to a problem",
    "problem_unlinked": "took it out of a problem",
    "incident_linked": "linked an incident",
    "incident_unlinked": "took an incident out",
}
OF_PROBLEMS = {
    **VERBS,
    "opened": "opened the problem",
    "closed": "closed the problem",
    "reopened": "opened the problem again",
    "undone": "took back the last step",
}
NEXT = {
    "contain": "contain it for the customer",
    "cause": "find out why",
    "plan": "plan a corrective action",
    "act": "do what is planned",
    "wait": "wait for the effectiveness check",
    "decide": "decide on the effectiveness check",
    "done": "nothing: every action is closed",
}

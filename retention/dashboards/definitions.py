"""What the figures mean: each page links its figures here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """A word on the pages, its meaning, and the anchor by which figures link to it."""

    anchor: str
    word: str
    meaning: str


DEFINITIONS = (
    Definition(
        "risk",
        "Risk",
        "How likely the account is to leave within the horizon: it ends the relation, or, buying by order and holding "
        "no contract, places no order. It is called a risk index until a backtest has shown that it is calibrated.",
    ),
    Definition(
        "range",
        "Likely range",
        "Eight of ten accounts with such a score should lie within it, as far as the doubt about the weights goes.",
    ),
    Definition(
        "revenue-at-risk",
        "Revenue at risk",
        "Risk × annual revenue, summed over the accounts that have not left. It is taken from the rollup that follows "
        "each nightly scoring, so its age is that of the last run.",
    ),
    Definition(
        "avoidable",
        "Avoidable: friction we caused",
        "The part of the revenue at risk that departments’ friction adds, by the ledger. Care terms, falling rhythm "
        "and whatever shows no evidence are not in it.",
    ),
    Definition(
        "carried",
        "Revenue at risk that a department carries",
        "Its points in every account’s ledger × that account’s annual revenue, summed. Open incidents and those still "
        "fading after they were resolved count.",
    ),
    Definition(
        "puts-at-risk",
        "What an incident puts at risk",
        "Its share of the account’s risk × the account’s annual revenue. Shares add up to the risk; they are not what "
        "would be saved without it, which the what-if on the account’s page computes anew. Computed each night, and "
        "when something changes at the account, until 90 days after it was resolved; from then on none is shown. Once "
        "an account has left, it stays what it was.",
    ),
    Definition(
        "friction-budget",
        "Friction budget",
        "The revenue that a department’s friction may put at risk in a quarter. Used is what it puts at risk at the "
        "last rollup: a level, not a sum. The day on which it runs out is where the straight line through the last "
        "four weeks meets the budget.",
    ),
    Definition(
        "root-causes",
        "Root causes by revenue at risk",
        "What the incidents of the last 90 days put at risk, each by the department’s share in it, by the cause that "
        "was named when they were resolved. Where no cause was named yet, by type of friction.",
    ),
    Definition(
        "problem",
        "Problem",
        "Incidents with a common cause, gathered in one place that one department holds. At risk now is what its open "
        "incidents put at risk; lost since is the annual revenue of accounts that left after one of them had happened "
        "there, whatever else was the reason.",
    ),
    Definition(
        "effectiveness-check",
        "Effectiveness check",
        "Opens by itself some days after a corrective action was done (60, unless the type or the action says "
        "otherwise): incidents of its type that its department answers for, per order, in as many days before as "
        "after, with the exact 95 % interval of the ratio of two Poisson rates. “Fell” is said where the whole "
        "interval lies below 1, “did not fall” where a fall by a fifth is ruled out, “too few to tell” otherwise. A "
        "rate that stood high falls by itself too: a fall after is not proof that the action did it.",
    ),
    Definition(
        "cost-of-poor-quality",
        "Cost of poor quality",
        "What was recorded as spent because of an incident: credit given (as the credit note says that opened it, "
        "unless somebody recorded it), rework, extra shipping, and hours by the organisation’s hourly rate of that "
        "day. Revenue at risk stands beside it and is never added: it may still be kept.",
    ),
    Definition(
        "pareto",
        "Pareto by money",
        "Types of friction, or causes, in the order of what their incidents of the last 90 days put at risk, each by "
        "the department’s share in it, with the part that they and all before them make of the whole.",
    ),
    Definition(
        "complaint-steps",
        "Complaint, by ISO 10002",
        "Six steps of ISO 10002:2018, read off the record. Acknowledged: the customer was told, or else a department "
        "took it on. Assessed: it was taken on with its grade, or graded anew. Investigated: why it happened is "
        "recorded. Answered: the customer was told what was found and done. Closed: it is resolved. Satisfaction "
        "asked: the customer was, whether or not there was an answer.",
    ),
    Definition(
        "unreported",
        "What nobody reported",
        "Credits, goods sent back, warranty claims, low survey answers (6 of 10 and less) and slips in our own records "
        "each say that something cost a customer something, whatever the rules are. One is unreported where no "
        "incident came of it and the department whose friction it would be answers for none at the account within 14 "
        "days; an incident that was closed without cause and word, or merged into one of another type, tells nothing. "
        "Slips stand apart from what customers said. More than chance explains: with the share of all departments "
        "together, so many would be left by chance in "
        "fewer than one case of a hundred.",
    ),
    Definition(
        "handed-on",
        "Handed on and handed back",
        "Time to accept runs from being told or asked to accepting, on the calendar, and its median is taken over 90 "
        "days. Handed back or disputed counts the incidents that bounced between two departments and were not "
        "withdrawn. Each figure leads to exactly the incidents it counts, also those given away since. "
        "A wait is close to the deadline where at most four working hours were left when work was set to wait.",
    ),
    Definition(
        "met-by-hand-offs",
        "Met the target by number of hand-offs",
        "How often an incident went from desk to desk: each hand-off that was asked counts once, and once more where "
        "it was returned. Met means resolved by the deadline that ran last; of incidents that were imported from "
        "another system's log, it is that log's own word where it tells. What is open and not yet due is left out.",
    ),
    Definition(
        "rate",
        "Rate",
        "Incidents of the last 90 days that a department answers for (a share counts as a part) per 100 of what it "
        "handles: shipments, invoices, calls, orders. Counts alone would accuse whoever works most.",
    ),
    Definition(
        "on-time",
        "On time",
        "Of the incidents whose answer was due in the last 90 days, how many were answered by then.",
    ),
    Definition(
        "deadlines",
        "Deadlines",
        "Hours to answer and to resolve stand with each type of friction and count the working hours of the department "
        "that is asked, by its own calendar: shifts, holidays, closing days. An incident is due when the next of the "
        "two runs out. The customer’s clock never starts again; every moment is charged to whoever is waited for.",
    ),
    Definition(
        "triage-order",
        "The order of a desk",
        "What the incident puts at risk, doubled for each day that it is past due and halved for each day left, up to "
        "three days either way.",
    ),
    Definition(
        "call-rank",
        "The order of the call list",
        "Calls that an account manager asked for come first, by the day they are due. Then risk × annual revenue × how "
        "overdue a contact is. Overdue is the days since the last contact over the days in which there should be "
        "one, three at most; an account that was never contacted counts as three.",
    ),
    Definition(
        "recovery",
        "Recovery",
        "A plan to keep one account, with a goal, steps and an end in words. The risk at its start and at its end is "
        "kept beside the outcome. Risks also fall by themselves, those that stood highest the most, so a lower risk "
        "afterwards is not proof that the recovery did it; and figures of two models do not compare.",
    ),
    Definition(
        "snoozed",
        "Snoozed",
        "Set aside by one person until a day, or until the risk has risen by the points they chose, whichever comes "
        "first. It leaves that person’s own tabs; colleagues see it with the reason, and every sum still counts it.",
    ),
    Definition(
        "similar",
        "Similar accounts",
        "Accounts of the same segment that have not left and bring between half and twice the annual revenue; where "
        "fewer than ten do, all of the segment. What at least three of them hold and this one does not is offered, the "
        "most widely held first.",
    ),
    Definition(
        "nrr",
        "Net revenue retention",
        "Among accounts with revenue in the twelve months before the last twelve: their revenue of the last twelve "
        "months over their revenue of the twelve before. Revenue is what was ordered, and the monthly value of what "
        "was held, by the day. New accounts do not count; growth does.",
    ),
    Definition(
        "grr",
        "Gross revenue retention",
        "The same, but no account counts for more than it brought before: growth cannot hide losses.",
    ),
    Definition(
        "lost",
        "Accounts lost",
        "Accounts that ended the relation in the quarter, and accounts without a contract whose 90th day without an "
        "order fell in it.",
    ),
    Definition(
        "breadth",
        "Services per account",
        "Services held today over accounts that have not left.",
    ),
    Definition(
        "vacation",
        "Vacation test",
        "Orders of accounts whose account manager is away, over what the same accounts would else have ordered: by "
        "their own usual rate, by how they ordered in the weeks around, and by how accounts whose manager was present "
        "ordered on the same days. Two years to yesterday; with a 95 % range. “No difference seen” is only said where "
        "a fall by a fifth would have shown.",
    ),
    Definition(
        "sales-time",
        "Sales time",
        "The minutes that account managers recorded with their contacts in 90 days, by what the contact was for. The "
        "change is in points against the 90 days to the end of last quarter.",
    ),
    Definition(
        "innovation",
        "Adopted an innovation",
        "Of the accounts that have not left, the share that took up a release within the last twelve months.",
    ),
    Definition(
        "promises",
        "Promises of innovations kept",
        "Of the releases that were promised to an account for a day of the last twelve months, the share that was "
        "delivered by that day. Delivered later is kept late; not delivered is not kept.",
    ),
    Definition(
        "waiting",
        "Between departments",
        "Hand-offs that nobody has answered, and incidents that were handed back and are disputed. Against last "
        "quarter: how many there were at its end, by the record of their steps.",
    ),
    Definition(
        "evidence",
        "Evidence",
        "Assumed: too few accounts have left to tell, the experts’ belief stands. Supported: the 95 % interval does "
        "not hold zero and the model predicts better with it. No evidence: enough data, and the interval holds zero; "
        "nobody is charged for it.",
    ),
    Definition(
        "auc",
        "AUC",
        "The chance that an account that left had been given a higher risk than one that stayed: 0.5 is a coin, 1 is "
        "perfect. It judges the order alone.",
    ),
    Definition(
        "pr_auc",
        "PR-AUC",
        "Average precision: going down the list from the highest risk, the share of leavers found so far, averaged "
        "over the leavers. A coin reaches the share of all that leave.",
    ),
    Definition(
        "brier",
        "Brier score",
        "The mean squared distance between what was said (0 to 1) and what happened (0 or 1). Lower is better.",
    ),
    Definition(
        "log_loss",
        "Log loss",
        "The mean of −ln of the chance that was given to what then happened. Lower is better; being sure and wrong "
        "costs most.",
    ),
    Definition(
        "ece",
        "ECE",
        "Expected calibration error: predictions in ten bins of equal width, the distance between what was said and "
        "what happened in each, weighed by how many are in it. Up to 0.05 the number may be called a probability.",
    ),
    Definition(
        "lift",
        "Lift at 10 %",
        "How many times as many leavers there are among the tenth with the highest risk as among all.",
    ),
    Definition(
        "not-attributed",
        "Not attributed",
        "Points of risk for which nobody answers: a falling order rhythm is a symptom whose cause is unknown, and what "
        "shows no evidence is charged to nobody.",
    ),
)
ANCHORS = frozenset(definition.anchor for definition in DEFINITIONS)

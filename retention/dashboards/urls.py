"""Routes of the pages that read."""

from django.urls import path

from retention.dashboards import (
    account,
    account_lines,
    desk,
    home,
    method,
    portfolio,
    portfolio_export,
    portfolio_incidents,
    saved_views,
    scorecard,
    scorecard_parts,
    scorecard_pdf,
    search,
    triage,
    what_if,
)

urlpatterns = [
    path("", home.show_home, name="home"),
    path("search", search.show_search, name="search"),
    path("portfolio", portfolio.show_portfolio, name="portfolio"),
    path("portfolio/export", portfolio_export.export_portfolio, name="portfolio_export"),
    path("portfolio/incidents", portfolio_incidents.show_portfolio_incidents, name="portfolio_incidents"),
    path("portfolio/views", saved_views.save_view, name="portfolio_save_view"),
    path("portfolio/views/<uuid:view>/forget", saved_views.forget_view, name="portfolio_forget_view"),
    path("accounts/<uuid:account>", account.show_account, name="account"),
    path("accounts/<uuid:account>/timeline", account.show_timeline, name="account_timeline"),
    path("accounts/<uuid:account>/what-if", account.ask_what_if, name="account_what_if"),
    path("accounts/<uuid:account>/ledger", account_lines.show_lines, name="account_lines"),
    path("desk", desk.show_desk, name="desk"),
    path("desk/<uuid:public_id>", desk.show_account, name="desk_account"),
    path("triage", triage.show_triage, name="triage"),
    path("triage/<slug:slug>", triage.show_department, name="triage_department"),
    path("triage/<slug:slug>/export", triage.export_department, name="triage_export"),
    path("scorecard", scorecard.show_scorecard, name="scorecard"),
    path("scorecard/pdf", scorecard_pdf.show_pdf, name="scorecard_pdf"),
    path("scorecard/made-of/<slug:part>", scorecard_parts.show_part, name="scorecard_part"),
    path("what-if", what_if.show_what_if, name="what_if"),
    path("method", method.show_method, name="method"),
]

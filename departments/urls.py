"""Where incidents live."""

from django.urls import path

from departments.views import absences, attachments, bulk, disputes, handoffs, hours, incidents, undoing, waits

urlpatterns = [
    path("absences", absences.show_absences, name="absences"),
    path("departments/<slug:slug>/hours", hours.show_hours, name="department_hours"),
    path("incidents/ticked/accept", bulk.accept_ticked, name="incidents_accept"),
    path("incidents/ticked/assign", bulk.assign_ticked, name="incidents_assign"),
    path("incidents/ticked/hand-off", bulk.hand_off_ticked, name="incidents_hand_off"),
    path("incidents/ticked/merge", bulk.merge_ticked, name="incidents_merge"),
    path("undo/<uuid:batch>", undoing.undo_deed, name="undo"),
    path("incidents/ticked/resolve", bulk.resolve_ticked, name="incidents_resolve"),
    path("incidents/<uuid:public_id>", incidents.show_incident, name="incident"),
    path("incidents/<uuid:public_id>/accept", incidents.accept_incident, name="incident_accept"),
    path("incidents/<uuid:public_id>/assign", incidents.assign_incident, name="incident_assign"),
    path("incidents/<uuid:public_id>/hand-off", handoffs.hand_off_incident, name="incident_hand_off"),
    path("incidents/<uuid:public_id>/resolve", incidents.resolve_incident, name="incident_resolve"),
    path("incidents/<uuid:public_id>/reopen", incidents.reopen_incident, name="incident_reopen"),
    path("incidents/<uuid:public_id>/note", incidents.note_on_incident, name="incident_note"),
    path("incidents/<uuid:public_id>/wait", waits.wait_on_incident, name="incident_wait"),
    path("incidents/<uuid:public_id>/attach", attachments.attach_to_incident, name="incident_attach"),
    path("attachments/<uuid:public_id>", attachments.download_attachment, name="attachment"),
    path("attachments/<uuid:public_id>/remove", attachments.remove_attachment, name="attachment_remove"),
    path("waits/<uuid:public_id>/end", waits.end_wait, name="wait_end"),
    path("hand-offs/<uuid:public_id>/accept", handoffs.accept_hand_off, name="hand_off_accept"),
    path("hand-offs/<uuid:public_id>/return", handoffs.return_hand_off, name="hand_off_return"),
    path("hand-offs/<uuid:public_id>/counter", handoffs.counter_hand_off, name="hand_off_counter"),
    path("incidents/<uuid:public_id>/regrade", disputes.regrade_incident, name="incident_regrade"),
    path("incidents/<uuid:public_id>/contest", disputes.contest_grade, name="incident_contest"),
    path("incidents/<uuid:public_id>/ask-for-ruling", disputes.ask_for_ruling, name="incident_ask_for_ruling"),
    path("rulings", disputes.list_rulings, name="rulings"),
    path("rulings/<uuid:public_id>", disputes.show_ruling, name="ruling"),
    path("rulings/<uuid:public_id>/state", disputes.state_case, name="ruling_state"),
    path("rulings/<uuid:public_id>/rule", disputes.rule, name="ruling_rule"),
    path("hand-offs/<uuid:public_id>/withdraw", handoffs.withdraw_hand_off, name="hand_off_withdraw"),
]

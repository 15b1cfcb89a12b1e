"""Directions that a person would insist on: raising such a feature alone never lowers the chance of a win, or never raises it.

Belongs here: names of features, grouped by the reason. Does not belong here: what else is said of a feature (feature_contract.py)
and how a booster is held to it (boosting.py).

A direction is set where a score that went the other way would be taken for an error, however few rows it rests on. None for

- what sales or marketing do of themselves (touches, leads, contacts on record): they go where they hope or where it is stuck;
- ratios, changes and means (trends, heat, mean scores): they rise because something fell;
- size, age, deals and losses: whether more is better is for the data to say;
- research on topics that nobody called relevant, and tools in use.

A direction holds between values. A missing value has a place of its own, which is learnt: "no meeting in 6 months" is not a
number of days.
"""

# More of what an account does of its own accord is interest, whatever came of it the last time.
_INTEREST = (
    *("visits_7d", "visits_30d", "visits_90d", "page_views_30d", "visitors_30d"),
    *("pricing_views_30d", "pricing_views_90d", "docs_views_90d", "product_views_90d"),
    *("form_submissions_90d", "demo_requests_90d", "downloads_90d", "email_clicks_90d"),
    *("email_replies_30d", "email_replies_90d", "calls_connected_90d"),
    *("meetings_held_30d", "meetings_held_90d"),
    *("webinars_attended_90d", "campaign_responses_90d"),
    *("visits_decayed_14d", "visits_decayed_45d"),
    *("key_actions_decayed_14d", "key_actions_decayed_45d"),
    *("responses_decayed_14d", "responses_decayed_45d"),
)
# More people of the account, and those who decide, make a purchase more likely and not less.
_PEOPLE = (
    *("people_active_30d", "people_active_90d", "functions_active_90d"),
    *("senior_people_active_90d", "decision_makers_active_90d"),
    *("contact_roles_on_open", "decision_makers_on_open"),
)
# A further stage is nearer to the win, and a second opportunity is one chance more.
_PROGRESS = ("open_stage_number", "open_opportunities")
# Topics are named in scoring.yaml because research on them comes before buying.
_RELEVANT_RESEARCH = ("relevant_topics_surging", "relevant_max_surge_score")
# Interest cools.
_COOLING = ("days_since_last_visit", "days_since_last_meeting", "days_since_last_reply")
# Who does not come to a meeting is not nearer for it.
_LETTING_DOWN = ("meeting_no_shows_90d",)

DIRECTIONS: dict[str, int] = {
    **dict.fromkeys((*_INTEREST, *_PEOPLE, *_PROGRESS, *_RELEVANT_RESEARCH), 1),
    **dict.fromkeys((*_COOLING, *_LETTING_DOWN), -1),
}

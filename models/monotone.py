"""Directions that a person would insist on: raising such a feature alone never lowers the chance of a win, or never raises it.

Belongs here: names of features, grouped by the reason. Does not belong here: what else is said of a feature (feature_contract.py)
and how a booster is held to it (boosting.py).

A direction is set where a score that went the other way would be taken for an error, however few rows it rests on. None for

- what sales or marketing do of themselves (touches, leads, contacts on record): they go where they hope or where it is stuck;
- ratios, changes and means (trends, mean scores): they rise because something fell;
- size, age, deals and losses: whether more is better is for the data to say;
- research on topics that nobody called relevant, and tools in use.

Where a time since something is missing it has not been for as long as we look back, which is longer than any value: it stands
beyond them all (encoding.py), so that the first meeting lowers no score either. Other missing values have a place of their own,
which is learnt: no website data is not a number of visits.

Meetings do not count among the touches of sales (dbt/macros/activities.sql), which have no direction. So a whole meeting, with
all that it changes, lowers no score.
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
# A kind of company that buys more often than others is a better one to call.
_HEAT = ("industry_heat_365d", "region_heat_365d")

DIRECTIONS: dict[str, int] = {
    **dict.fromkeys((*_INTEREST, *_PEOPLE, *_PROGRESS, *_RELEVANT_RESEARCH, *_HEAT), 1),
    **dict.fromkeys((*_COOLING, *_LETTING_DOWN), -1),
}

# The same of people.
_OWN_INTEREST = (
    *("own_actions_90d", "own_meetings_30d", "own_meetings_90d", "own_email_replies_30d"),
    *("own_email_replies_90d", "own_email_clicks_90d", "own_calls_90d", "own_campaign_answers_90d"),
    *("own_visits_30d", "own_visits_90d", "own_pricing_views_90d", "own_product_views_90d"),
    *("own_forms_90d", "own_demo_requests_90d", "own_downloads_90d"),
)
_OWN_COOLING = ("days_since_own_meeting", "days_since_own_answer", "days_since_own_visit")

DIRECTIONS_OF_PEOPLE: dict[str, int] = {
    **dict.fromkeys(_OWN_INTEREST, 1),
    **dict.fromkeys((*_OWN_COOLING, "own_no_shows_90d"), -1),
}

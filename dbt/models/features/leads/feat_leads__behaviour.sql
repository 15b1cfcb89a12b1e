{%- set answers = [
    ('own_meetings_30d', ['meeting'], 30, 'meetings'),
    ('own_meetings_90d', ['meeting'], 90, 'meetings'),
    ('own_no_shows_90d', ['meeting_no_show'], 90, 'meetings'),
    ('own_email_replies_30d', ['email_reply'], 30, 'emails'),
    ('own_email_replies_90d', ['email_reply'], 90, 'emails'),
    ('own_calls_90d', ['call_connected'], 90, 'calls'),
    ('own_campaign_answers_90d', activity_kinds()['campaigns'], 90, 'campaigns'),
    ('own_sales_touches_90d', touch_types(), 90, 'activities'),
] -%}
{%- set visits = [
    ('own_visits_30d', 'visits', 30),
    ('own_visits_90d', 'visits', 90),
    ('own_pricing_views_90d', 'pricing_views', 90),
    ('own_product_views_90d', 'product_views + docs_views', 90),
    ('own_forms_90d', 'form_submissions', 90),
    ('own_demo_requests_90d', 'demo_requests', 90),
    ('own_downloads_90d', 'downloads', 90),
    ('own_email_clicks_90d', 'email_clicks', 90),
] -%}
-- What a person did, and nothing that others of the account did. What somebody did as a lead or under a
-- record that was merged since counts for the contact that came of it.
with leads as (

    select lead_id, as_of_date from {{ on_days_of_build(ref('spine_lead_day')) }}

),

feeds as (

    select *, has_web_events or has_activities as has_people
    from {{ ref('int_feeds__known_by_day') }}

),

became as (

    select * from {{ contacts_of_people(ref('core_lead_version'), ref('core_contact_version'), days_of_build()) }}

),

answered as (

    select
        as_of_date,
        coalesce(became.contact_id, person_id) as lead_id,
        {%- for name, types, days, kind in answers %}
        sum(activities) filter (activity_type in {{ text_list(types) }} and days_ago < {{ days }}) as {{ name }},
        {%- endfor %}
        sum(activities) filter (activity_type in {{ text_list(response_types()) }} and days_ago < 90) as answers_90d,
        min(days_ago) filter (activity_type in {{ text_list(response_types()) }}) as days_since_own_answer,
        min(days_ago) filter (activity_type = 'meeting') as days_since_own_meeting
    from {{ ref('int_engagement__activity_day') }}
    left join became using (as_of_date, person_id)
    where person_id is not null
    group by all

),

visited as (

    select
        as_of_date,
        coalesce(became.contact_id, person_id) as lead_id,
        {%- for name, measure, days in visits %}
        sum({{ measure }}) filter (days_ago < {{ days }}) as {{ name }},
        {%- endfor %}
        min(days_ago) as days_since_own_visit
    from {{ ref('int_engagement__web_day') }}
    left join became using (as_of_date, person_id)
    where person_id is not null
    group by all

)

select
    lead_id,
    as_of_date,
    {{ counted('own_visits_90d', 'feeds.has_people') }} + {{ counted('answers_90d', 'feeds.has_people') }} as own_actions_90d,
    {%- for name, types, days, kind in answers %}
    {{ counted('answered.' ~ name, 'feeds.has_' ~ kind) }} as {{ name }},
    {%- endfor %}
    {%- for name, measure, days in visits %}
    {{ counted('visited.' ~ name, 'feeds.has_web_events') }} as {{ name }},
    {%- endfor %}
    answered.days_since_own_answer,
    answered.days_since_own_meeting,
    visited.days_since_own_visit
from leads
left join feeds using (as_of_date)
left join answered using (lead_id, as_of_date)
left join visited using (lead_id, as_of_date)

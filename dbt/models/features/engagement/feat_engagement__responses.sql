{%- set columns = [
    ('meetings_held', ['meeting'], [30, 90], 'meetings'),
    ('meeting_no_shows', ['meeting_no_show'], [90], 'meetings'),
    ('email_replies', ['email_reply'], [30, 90], 'emails'),
    ('calls_connected', ['call_connected'], [90], 'calls'),
    ('webinars_attended', ['webinar_attended'], [90], 'campaigns'),
    ('campaign_responses', ['event_attended', 'content_response', 'campaign_response'], [90], 'campaigns'),
] -%}
-- How the account's people answered us, as the CRM recorded it.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

activity_days as (

    select * from {{ ref('int_engagement__activity_day') }}

),

summed as (

    select
        account_id,
        as_of_date,
        {%- for name, types, days, kind in columns %}
        {%- set last = loop.last %}
        {%- for n in days %}
        sum(activities) filter (activity_type in {{ text_list(types) }} and days_ago < {{ n }})
            as {{ name }}_{{ n }}d{{ ',' if not (last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    from activity_days
    group by all

)

select
    account_id,
    as_of_date,
    {%- for name, types, days, kind in columns %}
    {%- set last = loop.last %}
    {%- for n in days %}
    {{ counted(name ~ '_' ~ n ~ 'd', 'feeds.has_' ~ kind) }} as {{ name }}_{{ n }}d{{ ',' if not (last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
from eligible
left join feeds using (as_of_date)
left join summed using (account_id, as_of_date)

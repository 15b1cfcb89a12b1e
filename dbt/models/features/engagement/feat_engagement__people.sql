-- How many of the account's people show up, and who they are. Active is who came to the website by name
-- or answered us; students do not buy. A visitor is a browser, known by name or not.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select *, has_web_events or has_activities as has_people
    from {{ ref('int_feeds__known_by_day') }}

),

active as (

    select as_of_date, account_id, person_id, seniority, job_function, days_ago, visitor_id
    from {{ ref('int_engagement__web_day') }}
    union all
    select as_of_date, account_id, person_id, seniority, job_function, days_ago, null
    from {{ ref('int_engagement__activity_day') }}
    where activity_type in {{ text_list(response_types()) }}

),

summed as (

    select
        account_id,
        as_of_date,
        count(distinct visitor_id) filter (days_ago < 30) as visitors_30d,
        {%- for n in [30, 90] %}
        count(distinct person_id) filter (seniority is distinct from 'student' and days_ago < {{ n }})
            as people_active_{{ n }}d,
        {%- endfor %}
        count(distinct person_id) filter (seniority in ('c_level', 'vp', 'director') and days_ago < 90)
            as senior_people_active_90d,
        count(distinct person_id) filter (seniority in ('c_level', 'vp') and days_ago < 90)
            as decision_makers_active_90d,
        count(distinct job_function) filter (job_function <> 'other' and days_ago < 90) as functions_active_90d
    from active
    where days_ago < 90
    group by all

)

select
    account_id,
    as_of_date,
    {{ counted('visitors_30d', 'feeds.has_web_events') }} as visitors_30d,
    {%- for column in ['people_active_30d', 'people_active_90d', 'senior_people_active_90d', 'decision_makers_active_90d', 'functions_active_90d'] %}
    {{ counted(column, 'feeds.has_people') }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from eligible
left join feeds using (as_of_date)
left join summed using (account_id, as_of_date)

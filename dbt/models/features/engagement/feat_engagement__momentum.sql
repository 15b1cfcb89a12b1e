{%- set half_lives = [14, 45] -%}
-- Whether interest grows or fades: the last 30 days against the 60 before, and sums in which each visit,
-- key action (pricing seen, form sent, download) and response counts half after each half-life.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

web as (

    select
        account_id,
        as_of_date,
        sum(visits) filter (days_ago < 30) as visits_30d,
        sum(visits) filter (days_ago between 30 and 89) as visits_60d_before,
        {%- for days in half_lives %}
        {{ decayed_sum('visits', days) }} as visits_decayed_{{ days }}d,
        {{ decayed_sum('pricing_views + form_submissions + downloads', days) }} as key_actions_decayed_{{ days }}d{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_engagement__web_day') }}
    group by all

),

responses as (

    select
        account_id,
        as_of_date,
        {%- for days in half_lives %}
        {{ decayed_sum('activities', days) }} as responses_decayed_{{ days }}d{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_engagement__activity_day') }}
    where activity_type in {{ text_list(response_types()) }}
    group by all

)

select
    account_id,
    as_of_date,
    case when feeds.has_web_events
        -- one visit a month added on both sides: from none to one is no trend yet
        then (coalesce(web.visits_30d, 0) + 1)::double / (coalesce(web.visits_60d_before, 0)::double / 2 + 1)
    end as visits_trend_30d,
    {%- for days in half_lives %}
    case when feeds.has_web_events then coalesce(web.visits_decayed_{{ days }}d, 0) end as visits_decayed_{{ days }}d,
    case when feeds.has_web_events then coalesce(web.key_actions_decayed_{{ days }}d, 0) end as key_actions_decayed_{{ days }}d,
    case when feeds.has_activities then coalesce(responses.responses_decayed_{{ days }}d, 0) end as responses_decayed_{{ days }}d{{ ',' if not loop.last }}
    {%- endfor %}
from eligible
left join feeds using (as_of_date)
left join web using (account_id, as_of_date)
left join responses using (account_id, as_of_date)

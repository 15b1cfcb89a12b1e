{%- set is_relevant = 'lower(topic) in ' ~ text_list(setting('relevant_topics') | map('lower') | list) -%}
-- What the account's company researches elsewhere, in the latest week known by the day (of all companies;
-- a feed whose latest week is dated four weeks ago or more says nothing). 60 and more is a surge. Of an account
-- with several domains (those of accounts that were merged into it) what any of them researches counts.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

known_weeks as (

    select as_of_date, days_ago
    from {{ as_of_event_days(ref('core_intent_signal'), [], {'signals': 'count(*)'}, within_days=56, dates=days_of_build()) }}
    group by all

),

latest as (

    select as_of_date, min(days_ago) as days_ago, max(days_ago) >= min(days_ago) + 28 as reaches_back
    from known_weeks
    group by all
    having min(days_ago) < 28

),

compared_weeks as (

    select as_of_date, days_ago from latest
    union all
    select as_of_date, days_ago + 28 from latest

),

topics as (

    select *
    from {{ as_of_event_days(
        ref('core_intent_signal'),
        keys=['domain'],
        measures={
            'topics': 'count(*)',
            'scores': 'sum(composite_score)',
            'max_score': 'max(composite_score)',
            'surging': 'count(*) filter (composite_score >= 60)',
            'relevant_topics': 'count(*) filter (' ~ is_relevant ~ ')',
            'relevant_scores': 'sum(composite_score) filter (' ~ is_relevant ~ ')',
            'relevant_max_score': 'max(composite_score) filter (' ~ is_relevant ~ ')',
            'relevant_surging': 'count(*) filter (composite_score >= 60 and ' ~ is_relevant ~ ')',
        },
        within_days=56,
        dates=days_of_build(),
        ages='compared_weeks',
    ) }}

),

surges as (

    select *
    from {{ as_of_event_days(
        ref('core_intent_signal'),
        keys=['domain'],
        measures={'signals': 'count(*)'},
        within_days=112,
        dates=days_of_build(),
        where='composite_score >= 60',
    ) }}

),

compared as (

    select
        topics.as_of_date,
        topics.domain,
        {%- for column in ['topics', 'scores', 'surging', 'relevant_topics', 'relevant_scores', 'relevant_surging'] %}
        sum({{ column }}) filter (topics.days_ago = latest.days_ago) as {{ column }},
        {%- endfor %}
        {%- for column in ['max_score', 'relevant_max_score'] %}
        max({{ column }}) filter (topics.days_ago = latest.days_ago) as {{ column }},
        max({{ column }}) filter (topics.days_ago <> latest.days_ago) as {{ column }}_before{{ ',' if not loop.last }}
        {%- endfor %}
    from topics
    inner join latest using (as_of_date)
    group by all

),

surged as (

    select
        surges.as_of_date,
        surges.domain,
        min((surges.days_ago - latest.days_ago) // 7) as weeks_since_last_surge,
        -- one bit a week
        bit_or(1 << ((surges.days_ago - latest.days_ago) // 7)) as weeks_with_surge
    from surges
    inner join latest on surges.as_of_date = latest.as_of_date and surges.days_ago < latest.days_ago + 84
    group by all

),

of_domains as (

    select * from compared
    full outer join surged using (as_of_date, domain)

),

of_accounts as (

    select
        company.account_id,
        of_domains.as_of_date,
        {%- for column in ['topics', 'scores', 'surging', 'relevant_topics', 'relevant_scores', 'relevant_surging'] %}
        sum(of_domains.{{ column }}) as {{ column }},
        {%- endfor %}
        {%- for column in ['max_score', 'relevant_max_score', 'max_score_before', 'relevant_max_score_before'] %}
        max(of_domains.{{ column }}) as {{ column }},
        {%- endfor %}
        min(of_domains.weeks_since_last_surge) as weeks_since_last_surge,
        bit_count(bit_or(of_domains.weeks_with_surge)) as weeks_with_surge_12w
    from of_domains
    {{ left_join_version(ref('core_account_domain_version'), 'company', 'of_domains.domain = company.domain', 'of_domains.as_of_date') }}
    where company.account_id is not null
    group by all

)

select
    account_id,
    as_of_date,
    {{ counted('of_accounts.surging', 'latest.days_ago is not null') }} as topics_surging,
    {{ counted('of_accounts.relevant_surging', 'latest.days_ago is not null') }} as relevant_topics_surging,
    {{ counted('of_accounts.weeks_with_surge_12w', 'latest.days_ago is not null') }} as weeks_with_surge_12w,
    of_accounts.weeks_since_last_surge::integer as weeks_since_last_surge,
    of_accounts.max_score::integer as max_surge_score,
    of_accounts.relevant_max_score::integer as relevant_max_surge_score,
    of_accounts.scores::double / nullif(of_accounts.topics, 0) as mean_surge_score,
    of_accounts.relevant_scores::double / nullif(of_accounts.relevant_topics, 0) as relevant_mean_surge_score,
    of_accounts.relevant_surging::double / nullif(of_accounts.surging, 0) as relevant_surging_share,
    -- a topic that is not reported is not researched: 0
    {%- for column in ['max_score', 'relevant_max_score'] %}
    case when latest.reaches_back
        then coalesce(of_accounts.{{ column }}, 0) - coalesce(of_accounts.{{ column }}_before, 0)
    end::integer as {{ column.replace('max_score', 'surge_change_4w') }}{{ ',' if not loop.last }}
    {%- endfor %}
from eligible
left join latest using (as_of_date)
left join of_accounts using (account_id, as_of_date)

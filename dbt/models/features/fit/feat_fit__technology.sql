{%- set is_complement = 'lower(technology) in ' ~ text_list(setting('own_complements') | map('lower') | list) -%}
{%- set is_competitor = 'lower(technology) in ' ~ text_list(setting('competitors') | map('lower') | list) -%}
-- Which tools the company uses, as detected on its website. A tool is in use until 90 days after it was
-- last detected; one that was only ever detected first is in use. An account may have several domains (those
-- of accounts that were merged into it): a tool that is seen on two of them is one tool.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

detected as (

    -- a tool has one version a day
    select
        *,
        as_of_date - first_detected_on as days_since_added,
        as_of_date - last_detected_on as days_since_detected,
        coalesce(as_of_date - last_detected_on < 90, true) as is_in_use
    from {{ as_of_versions(ref('core_technology_version'), days_of_build()) }}
    where first_detected_on <= as_of_date

),

technologies as (

    select
        detected.as_of_date,
        company.account_id,
        detected.technology,
        coalesce(
            max(detected.days_since_added) filter (detected.is_in_use), max(detected.days_since_added)
        ) as days_since_added,
        min(detected.days_since_detected) as days_since_detected,
        bool_or(detected.is_in_use) as is_in_use
    from detected
    {{ left_join_version(ref('core_account_domain_version'), 'company', 'detected.domain = company.domain', 'detected.as_of_date') }}
    where company.account_id is not null
    group by all

),

of_accounts as (

    select
        as_of_date,
        account_id,
        count(*) filter (is_in_use) as technologies_owned,
        count(*) filter (is_in_use and days_since_added < 180) as technologies_added_180d,
        count(*) filter (is_in_use and {{ is_complement }}) as complements_owned,
        count(*) filter (is_in_use and {{ is_competitor }}) as competing_tools_owned,
        -- the day a competing tool came, or the last day on which one that is gone was seen
        min(case when is_in_use then days_since_added else days_since_detected end)
            filter ({{ is_competitor }}) as days_since_competing_tool_change
    from technologies
    group by all

)

select
    account_id,
    as_of_date,
    {%- for column in ['technologies_owned', 'technologies_added_180d', 'complements_owned', 'competing_tools_owned'] %}
    {{ counted('of_accounts.' ~ column, 'feeds.has_technologies') }} as {{ column }},
    {%- endfor %}
    of_accounts.days_since_competing_tool_change::integer as days_since_competing_tool_change
from eligible
left join feeds using (as_of_date)
left join of_accounts using (account_id, as_of_date)

{%- set windows = [
    ('visits', [7, 30, 90]), ('page_views', [30]), ('pricing_views', [30, 90]), ('docs_views', [90]),
    ('product_views', [90]), ('form_submissions', [90]), ('demo_requests', [90]), ('downloads', [90]),
    ('email_clicks', [90]),
] -%}
-- What the account's people and its anonymous visitors did on the website.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

web_days as (

    select * from {{ ref('int_engagement__web_day') }}

),

summed as (

    select
        account_id,
        as_of_date,
        {%- for measure, days in windows %}
        {%- set last = loop.last %}
        {%- for n in days %}
        sum({{ measure }}) filter (days_ago < {{ n }}) as {{ measure }}_{{ n }}d{{ ',' if not (last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    from web_days
    group by all

)

select
    account_id,
    as_of_date,
    {%- for measure, days in windows %}
    {%- set last = loop.last %}
    {%- for n in days %}
    {{ counted(measure ~ '_' ~ n ~ 'd', 'feeds.has_web_events') }} as {{ measure }}_{{ n }}d{{ ',' if not (last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
from eligible
left join feeds using (as_of_date)
left join summed using (account_id, as_of_date)

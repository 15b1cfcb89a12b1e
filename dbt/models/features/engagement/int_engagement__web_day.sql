{{ config(materialized='table') }}
{%- set one_a_session =
    'partition by session_id, occurred_at::date, known_at '
    ~ 'order by person_id nulls last, company_domain nulls last, visitor_id'
-%}
{%- set measures = {
    'visits': '(row_number() over (' ~ one_a_session ~ ') = 1)::integer',
    'page_views': 'count(*) filter (event_type in ' ~ text_list(page_view_types()) ~ ')',
    'pricing_views': "count(*) filter (event_type = 'pricing_view')",
    'docs_views': "count(*) filter (event_type = 'docs_view')",
    'product_views': "count(*) filter (event_type = 'product_view')",
    'form_submissions': "count(*) filter (event_type in ('form_submit', 'demo_request'))",
    'demo_requests': "count(*) filter (event_type = 'demo_request')",
    'downloads': "count(*) filter (event_type = 'download')",
    'email_clicks': "count(*) filter (event_type = 'email_click')",
} %}
-- What each visitor did on the website, by account and session, as of each requested day. An event counts
-- for the account of the person who is known to have made it, else for the account that the company's
-- domain stands for. A session of both is one visit: the person's. Bots never count, nor do visits for a
-- job or to log in. Only the days of this build are kept: four feature models read them.
with events as (

    select *
    from {{ as_of_event_days(
        ref('core_web_event'),
        keys=['person_id', 'visitor_id', 'company_domain', 'session_id'],
        measures=measures,
        within_days=180,
        where="not is_bot and event_type not in ('careers_view', 'login', 'session_start', 'other')",
    ) }}

),

attributed as (

    select
        events.*,
        coalesce(person.account_id, company.account_id) as account_id,
        person.seniority,
        person.job_function
    from events
    {{ left_join_version(
        ref('core_person_account_version'), 'person', 'events.person_id = person.person_id', 'events.as_of_date'
    ) }}
    {{ left_join_version(
        ref('core_account_domain_version'), 'company', 'events.company_domain = company.domain', 'events.as_of_date'
    ) }}

)

select
    as_of_date,
    account_id,
    person_id,
    visitor_id,
    session_id,
    seniority,
    job_function,
    days_ago,
    {%- for measure in measures %}
    {{ measure }}::integer as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from attributed
where account_id is not null

{{ config(
    materialized='incremental', incremental_strategy='replace_periods', on_schema_change='append_new_columns',
    period='event_date', staged='stg_ga4__event', rules='web_paths',
) }}
-- Web events. A day that is sent again replaces what was known of it from the new sending's day on, as a
-- whole: what it no longer holds is gone. Files known on one day are parts of one sending.
-- Bots name themselves; scanners click links in emails and are gone at once.
with periods as (

    select * from {{ unbuilt_periods('event_date', ref('stg_ga4__event'), rules=ref('web_paths')) }}

),

staged as (

    select
        event_id, event_date, event_name, events.occurred_at, events.known_at,
        user_id, visitor_id, company_domain, browser, page_path, form_id, traffic_medium, engagement_milliseconds,
        ds, source_file, source_sha256, source_line,
        coalesce(events.visitor_id || '|' || events.ga_session_id, events.event_id) as session_id,
        periods.landing_digest
    from {{ ref('stg_ga4__event') }} as events
    inner join periods using (event_date)

),

-- events of several parts of one sending: few, so that not all events have to be ranked
in_several_parts as (

    select event_date, known_at, event_id from staged group by all having count(*) > 1

),

sent as (

    select * from staged
    anti join in_several_parts using (event_date, known_at, event_id)
    union all
    select * from staged
    semi join in_several_parts using (event_date, known_at, event_id)
    qualify row_number() over (
        partition by event_date, known_at, event_id
        order by ds desc, source_file desc, source_sha256, source_line
    ) = 1

),

sendings as (

    select event_date, known_at, lead(known_at) over (partition by event_date order by known_at) as superseded_on
    from (select distinct event_date, known_at from sent)

),

page_kinds as (

    select pages.page_path, arg_max(paths.event_type, length(paths.path_prefix)) as event_type
    from (select distinct page_path from sent) as pages
    inner join {{ ref('web_paths') }} as paths
        on pages.page_path = paths.path_prefix or starts_with(pages.page_path, paths.path_prefix || '/')
    group by pages.page_path

),

-- sessions that a click in an email began: its first page, and whether anybody stayed
email_sessions as (

    select
        event_date,
        known_at,
        session_id,
        arg_min(event_id, row(occurred_at, event_id)) filter (event_name = 'page_view') as clicked_event_id,
        coalesce(sum(engagement_milliseconds), 0) as milliseconds
    from sent
    semi join (select event_date, known_at, session_id from sent where traffic_medium = 'email') as by_email
        using (event_date, known_at, session_id)
    group by all

)

select
    events.event_id,
    case
        when events.event_name in ('form_submit', 'generate_lead')
            then case when events.form_id = 'demo_request' then 'demo_request' else 'form_submit' end
        when events.event_name = 'file_download' then 'download'
        when events.event_name in ('session_start', 'login') then events.event_name
        when events.event_id = email_sessions.clicked_event_id then 'email_click'
        when events.event_name = 'page_view' then coalesce(page_kinds.event_type, 'page_view')
        else 'other'
    end as event_type,
    {{ to_record_id('salesforce', 'events.user_id') }} as person_id,
    events.visitor_id,
    events.company_domain,
    events.session_id,
    (coalesce(events.engagement_milliseconds, 0) // 1000)::integer as engagement_seconds,
    regexp_matches(lower(coalesce(events.browser, '')), 'bot|crawler|spider|scanner|headless')
        or coalesce(email_sessions.milliseconds = 0, false) as is_bot,
    events.event_date,
    events.occurred_at,
    events.known_at,
    sendings.superseded_on,
    events.landing_digest
from sent as events
inner join sendings using (event_date, known_at)
left join email_sessions using (event_date, known_at, session_id)
left join page_kinds using (page_path)

{{ config(materialized='incremental', incremental_strategy='replace_files', feed=['ga4', 'event'], on_schema_change='append_new_columns') }}
-- One row a web event of a landed file; the same event twice in a file counts once. A table, built file by
-- file: one view over years of daily files would have each build read them all.
with landed as (

    select *, {{ landing_file() }} as landing_file
    from {{ new_landing_rows('ga4', 'event') }}

),

renamed as (

    select
        event_id,
        {{ to_text('user_id') }} as user_id,
        {{ to_text('user_pseudo_id') }} as visitor_id,
        ga_session_id::bigint as ga_session_id,
        {{ to_text('event_name') }} as event_name,
        {{ to_text('page_location') }} as page_location,
        lower(regexp_extract(page_location, '^[A-Za-z]+://[^/?#]+(/[^?#]*)', 1)) as page_path,
        {{ to_domain('company_domain') }} as company_domain,
        {{ to_text('form_id') }} as form_id,
        {{ to_text('file_name') }} as file_name,
        {{ to_text('device_category') }} as device_category,
        {{ to_text('browser') }} as browser,
        {{ to_text('country') }} as country,
        {{ to_text('traffic_source') }} as traffic_source,
        {{ to_text('traffic_medium') }} as traffic_medium,
        {{ to_text('traffic_campaign') }} as traffic_campaign,
        engagement_time_msec::bigint as engagement_milliseconds,
        event_date::date as event_date,
        landing_file,
        {{ landed_at() }}
    from landed

),

-- few: looking for them first is far cheaper than ranking all events
repeated as (

    select landing_file, event_id, min(source_line) as first_line
    from renamed
    group by all
    having count(*) > 1

)

select renamed.*
from renamed
left join repeated
    on renamed.landing_file = repeated.landing_file and renamed.event_id = repeated.event_id
where repeated.first_line is null or renamed.source_line = repeated.first_line

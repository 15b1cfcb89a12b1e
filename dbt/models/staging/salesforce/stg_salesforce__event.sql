-- One row a landed state of a calendar event.
with landed as (

    select * from {{ landing_table('salesforce', 'event') }}

),

renamed as (

    select
        'salesforce:' || id as calendar_event_id,
        {{ to_record_id('salesforce', 'who_id') }} as who_id,
        {{ to_record_id('salesforce', 'what_id') }} as what_id,
        {{ to_record_id('salesforce', 'account_id') }} as account_id,
        {{ to_text('owner_id') }} as owner_id,
        {{ to_text('type') }} as calendar_event_type,
        {{ to_text('event_subtype') }} as event_subtype,
        duration_in_minutes::bigint as duration_minutes,
        coalesce(no_show, false) as is_no_show,
        coalesce(activity_date_time::timestamp, activity_date::timestamp) as starts_at,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'calendar_event_id') }}

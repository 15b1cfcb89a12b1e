-- One row a landed state of a task: emails, calls and what else people have to do.
with landed as (

    select * from {{ landing_table('salesforce', 'task') }}

),

renamed as (

    select
        'salesforce:' || id as task_id,
        {{ to_record_id('salesforce', 'who_id') }} as who_id,
        {{ to_record_id('salesforce', 'what_id') }} as what_id,
        {{ to_record_id('salesforce', 'account_id') }} as account_id,
        {{ to_text('owner_id') }} as owner_id,
        {{ to_text('type') }} as task_type,
        {{ to_text('task_subtype') }} as task_subtype,
        {{ to_text('status') }} as status,
        {{ to_text('call_disposition') }} as call_disposition,
        is_closed,
        activity_date::date as due_on,
        completed_date_time::timestamp as completed_at,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'task_id') }}

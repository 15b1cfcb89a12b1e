-- One row a landed state of a campaign.
with landed as (

    select * from {{ landing_table('salesforce', 'campaign') }}

),

renamed as (

    select
        'salesforce:' || id as campaign_id,
        {{ to_text('name') }} as campaign_name,
        {{ to_text('type') }} as campaign_type,
        {{ to_text('status') }} as status,
        is_active,
        start_date::date as starts_on,
        end_date::date as ends_on,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'campaign_id') }}

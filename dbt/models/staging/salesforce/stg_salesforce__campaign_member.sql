-- One row a landed state of a person's part in a campaign.
with landed as (

    select * from {{ landing_table('salesforce', 'campaign_member') }}

),

renamed as (

    select
        'salesforce:' || id as campaign_member_id,
        {{ to_record_id('salesforce', 'campaign_id') }} as campaign_id,
        coalesce({{ to_record_id('salesforce', 'contact_id') }}, {{ to_record_id('salesforce', 'lead_id') }}) as person_id,
        {{ to_text('status') }} as status,
        coalesce(has_responded, false) as has_responded,
        first_responded_date::date as first_responded_on,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'campaign_member_id') }}

-- One row a landed state of a contact's role in an opportunity.
with landed as (

    select * from {{ landing_table('salesforce', 'opportunity_contact_role') }}

),

renamed as (

    select
        'salesforce:' || id as contact_role_id,
        {{ to_record_id('salesforce', 'opportunity_id') }} as opportunity_id,
        {{ to_record_id('salesforce', 'contact_id') }} as contact_id,
        {{ to_text('role') }} as role,
        coalesce(is_primary, false) as is_primary,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'contact_role_id') }}

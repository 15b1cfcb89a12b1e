-- One row a landed state of a contact. Names are left behind, and of the address all but the domain.
with landed as (

    select * from {{ landing_table('salesforce', 'contact') }}

),

renamed as (

    select
        'salesforce:' || id as contact_id,
        {{ to_record_id('salesforce', 'account_id') }} as account_id,
        {{ to_record_id('salesforce', 'master_record_id') }} as merged_into_contact_id,
        {{ to_text('owner_id') }} as owner_id,
        {{ to_email_domain('email') }} as email_domain,
        {{ to_text('title') }} as title,
        {{ to_text('department') }} as department,
        {{ to_text('lead_source') }} as lead_source,
        coalesce(has_opted_out_of_email, false) as is_opted_out,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'contact_id') }}

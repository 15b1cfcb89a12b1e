-- One row a landed state of a lead. Names are left behind, and of the address all but the domain.
with landed as (

    select * from {{ landing_table('salesforce', 'lead') }}

),

renamed as (

    select
        'salesforce:' || id as lead_id,
        {{ to_record_id('salesforce', 'converted_account_id') }} as converted_account_id,
        {{ to_record_id('salesforce', 'converted_contact_id') }} as converted_contact_id,
        {{ to_record_id('salesforce', 'converted_opportunity_id') }} as converted_opportunity_id,
        {{ to_record_id('salesforce', 'master_record_id') }} as merged_into_lead_id,
        {{ to_text('owner_id') }} as owner_id,
        {{ to_email_domain('email') }} as email_domain,
        {{ to_text('company') }} as company_name,
        {{ to_domain('website') }} as company_domain,
        {{ to_text('title') }} as title,
        {{ to_attribute('industry') }} as industry,
        {{ to_attribute('country') }} as country,
        {{ to_attribute('state') }} as state,
        {{ to_text('lead_source') }} as lead_source,
        {{ to_text('status') }} as status,
        number_of_employees::bigint as employee_count,
        coalesce(is_converted, false) as is_converted,
        converted_date::date as converted_on,
        created_date::timestamp as created_at,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'lead_id') }}

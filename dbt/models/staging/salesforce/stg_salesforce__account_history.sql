-- One row a landed change of a tracked field of an account; `attribute` is the column of
-- core_account_version that the field feeds, null for any other. Field names come in API or snake
-- spelling, or as labels. Salesforce tells a change of owner twice, by id and by name: ids count.
with landed as (

    select *, regexp_replace(lower(field), '[^a-z]', '', 'g') as field_name
    from {{ landing_table('salesforce', 'account_history') }}

),

renamed as (

    select
        'salesforce:' || id as field_change_id,
        {{ to_record_id('salesforce', 'account_id') }} as account_id,
        case
            when field_name in ('name', 'accountname') then 'account_name'
            when field_name = 'website' then 'domain'
            when field_name = 'industry' then 'industry'
            when field_name = 'type' then 'account_type'
            when field_name = 'billingcountry' then 'country'
            when field_name in ('billingstate', 'billingstateprovince') then 'state'
            when field_name = 'billingcity' then 'city'
            when field_name in ('numberofemployees', 'employees') then 'employee_count'
            when field_name = 'annualrevenue' then 'annual_revenue_usd'
            when field_name in ('owner', 'ownerid', 'accountowner')
                and regexp_full_match(coalesce(new_value, old_value), '005[A-Za-z0-9]{12,15}') then 'owner_id'
        end as attribute,
        field,
        {{ to_text('old_value') }} as old_value,
        {{ to_text('new_value') }} as new_value,
        coalesce(is_deleted, false) as is_deleted,
        created_date::timestamp as system_modstamp,
        {{ landed_at() }}
    from landed

)

{{ one_landed_state('renamed', 'field_change_id') }}

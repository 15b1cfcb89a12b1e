-- One row a landed state of an account; ids carry their source.
with landed as (

    select * from {{ landing_table('salesforce', 'account') }}

),

renamed as (

    select
        'salesforce:' || id as account_id,
        'salesforce:' || {{ to_text('master_record_id') }} as merged_into_account_id,
        {{ to_text('owner_id') }} as owner_id,
        {{ to_text('name') }} as account_name,
        {{ to_domain('website') }} as domain,
        {{ to_attribute('industry') }} as industry,
        {{ to_text('type') }} as account_type,
        {{ to_attribute('billing_country') }} as country,
        {{ to_attribute('billing_state') }} as state,
        {{ to_attribute('billing_city') }} as city,
        {{ to_attribute('region') }} as region,
        founded_date::date as founded_on,
        number_of_employees::bigint as employee_count,
        annual_revenue::double as annual_revenue_usd,
        coalesce(is_deleted, false) as is_deleted,
        system_modstamp::timestamp as system_modstamp,
        occurred_at::timestamp as occurred_at,
        known_at::date as known_at,
        ds::date as ds,
        source_file,
        source_line::bigint as source_line,
        source_sha256
    from landed

)

select *
from renamed
qualify row_number() over (
    partition by account_id, occurred_at, known_at
    order by system_modstamp desc nulls last, ds desc, source_file desc, source_sha256, source_line desc
) = 1
